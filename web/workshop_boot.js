// Starts the workshop's WebAssembly when somebody builds a scenario for the first time. The query of this file's own
// URL names the build: it is passed on, so that a browser never runs an old workshop out of its cache in a new page.
const at = (name) => new URL(name + new URL(import.meta.url).search, import.meta.url).href;
try {
  const { default: init } = await import(at("workshop.js"));
  await init({ module_or_path: at("workshop_bg.wasm") });
} catch (error) {
  window.dispatchEvent(new CustomEvent("workshop-failed"));
  throw error;
}
