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

/** The stage is to stand alone, in somebody's page. */
const embedded = /^#embed(&|$)/.test(location.hash);
const styled = new Promise((done) => {
  if (!embedded) return done();
  const style = document.getElementById("embed-style");
  style.onload = style.onerror = done;
  style.rel = "stylesheet";
});

/** The first seconds of a scenario that ships, recorded: the stage moves before the simulation itself is here. */
async function opening() {
  const [shipped, name] = /^#?(?:embed(?:&|$))?(?:s=([a-z0-9-]+))?$/.exec(location.hash) ?? [];
  if (shipped === undefined) return null;
  const file = document.getElementById("opening").href.replace("NAME", name ? `-${name}` : "");
  const { ok, body } = await fetch(file, { signal: AbortSignal.timeout(10_000) });
  if (!ok) return null;
  const inflated = new Response(body.pipeThrough(new DecompressionStream("deflate-raw")));
  return new Uint8Array(await inflated.arrayBuffer());
}

let failures = 0;
addEventListener("share-open", async ({ detail: room }) => {
  try {
    // Browsers remember a module that did not come, by its address: the next try has another.
    const again = failures > 0 ? `&try=${failures}` : "";
    const { open } = await import(document.getElementById("share").href + again);
    await open(room);
  } catch (error) {
    failures += 1;
    room.textContent = "This could not be loaded. Close it and try again.";
    throw error;
  }
});
// What the first moving picture does not need comes after it.
const offline = new URL(`offline.js${new URL(import.meta.url).search}`, import.meta.url);
addEventListener("page-lives", () => import(offline).catch(() => {}), { once: true });

if (missing.length > 0) {
  const names = missing.map(([, name]) => name).join(" and ");
  words.textContent = `Kafkarium cannot run here: this browser is without ${names}. A newer Firefox, Chrome, Edge or Safari has it.`;
} else {
  words.textContent = "Loading the simulation…";
  try {
    // Without one the page begins with the simulation.
    const recorded = opening().catch(() => null);
    const { default: init } = await import(at(js));
    globalThis.kafkariumOpening = await recorded;
    // The stage takes the room that there is when it begins.
    await styled;
    await init({ module_or_path: at(wasm) });
    boot.remove();
    if (embedded) await import(document.getElementById("embed").href);
  } catch (error) {
    words.textContent = "Kafkarium could not be loaded. Reload the page to try again.";
    throw error;
  }
}
