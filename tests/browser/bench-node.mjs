// The benchmark cases in Node, beside the native run's.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { figures, measure, native } from "./bench-report.mjs";

const path = fileURLToPath(new URL("../../target/probe/node/probe.js", import.meta.url));
const probe = createRequire(import.meta.url)(path);
const call = (name, ...args) => {
  const start = performance.now();
  const result = probe[name](...args);
  return { result, milliseconds: performance.now() - start };
};
const beside = await native();
figures("native", beside);
figures("Node", await measure("Node", call), beside);
