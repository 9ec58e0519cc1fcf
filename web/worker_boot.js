// Starts the worker's WebAssembly. The query of this file's own URL names the build: it is passed on, so that a
// browser never runs an old worker out of its cache beside a new page.
const at = (name) => new URL(name, self.location.href).href + self.location.search;
const { default: init } = await import(at("worker.js"));
await init({ module_or_path: at("worker_bg.wasm") });
