// Starts the page's WebAssembly. A file of its own, because the content security policy allows no script inside the HTML.
const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const at = (name) => new URL(name, document.baseURI).href;
const { default: init } = await import(at(js));
await init({ module_or_path: at(wasm) });
