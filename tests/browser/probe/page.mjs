// Lets a test call the probe's exports by name, in this page or in a worker of it.
import init, * as probe from "./probe.js";

const ready = init();
const worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });

window.callInPage = async (name, ...args) => {
  await ready;
  const start = performance.now();
  const result = probe[name](...args);
  return { result, milliseconds: performance.now() - start };
};

window.callInWorker = (name, ...args) =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ name, args });
  });
