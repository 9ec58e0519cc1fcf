// The worker's half of page.mjs.
import init, * as probe from "./probe.js";

const ready = init();

self.onmessage = async ({ data: { name, args } }) => {
  try {
    await ready;
    const start = performance.now();
    const result = probe[name](...args);
    self.postMessage({ result, milliseconds: performance.now() - start });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
