// Starts the page's WebAssembly. A file of its own, because the content security policy allows no script inside the HTML.
const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const at = (name) => new URL(name, document.baseURI).href;
const boot = document.getElementById("boot");
const words = boot.querySelector("p");
const missing = [
  [typeof WebAssembly === "object", "WebAssembly"],
  [typeof Worker === "function", "web workers"],
  [typeof CanvasRenderingContext2D === "function", "drawing on a canvas"],
  [typeof HTMLDialogElement === "function", "dialogs"],
].filter(([there]) => !there);

if (missing.length > 0) {
  const names = missing.map(([, name]) => name).join(" and ");
  words.textContent = `Kafkarium cannot run here: this browser is without ${names}. A newer Firefox, Chrome, Edge or Safari has it.`;
} else {
  try {
    const { default: init } = await import(at(js));
    await init({ module_or_path: at(wasm) });
    boot.remove();
  } catch (error) {
    words.textContent = "Kafkarium could not be loaded. Reload the page to try again.";
    throw error;
  }
}
