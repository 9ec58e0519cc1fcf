// Runs the probe's benchmark cases in Node, and prints the best of three for each.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { report } from "./bench-report.mjs";

const path = fileURLToPath(new URL("../../target/probe/node/probe.js", import.meta.url));
const probe = createRequire(import.meta.url)(path);
await report("Node", JSON.parse(probe.bench_cases()), (name) => {
  const start = performance.now();
  const result = probe.bench(name);
  return { result, milliseconds: performance.now() - start };
});
