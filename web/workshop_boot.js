// Starts the workshop's WebAssembly when somebody builds a scenario for the first time. The query of this file's own
// URL names the build: it is passed on, so that a browser never runs an old workshop out of its cache in a new page.
const at = (name) => new URL(name + new URL(import.meta.url).search, import.meta.url).href;
/** Its style sheet; the workshop waits for it, so that it is never seen without. */
function styled() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = at("build.css");
  const there = new Promise((done, failed) => Object.assign(link, { onload: done, onerror: () => failed(new Error("its style did not come")) }));
  document.head.append(link);
  return there;
}

try {
  const style = styled();
  const { default: init } = await import(at("workshop.js"));
  await style;
  await init({ module_or_path: at("workshop_bg.wasm") });
} catch (error) {
  window.dispatchEvent(new CustomEvent("workshop-failed"));
  throw error;
}
