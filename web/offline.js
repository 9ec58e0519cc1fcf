// Fetched once the page lives: keeps a copy of the site in this browser (service_worker.js), and says when the host has a
// newer build. The query of this file's own URL names the build of the page.
const here = new URL(import.meta.url);
const build = here.searchParams.get("v");
const HOUR_MS = 3_600_000;
const PATIENCE_MS = 5_000;

// Somebody else's page around this one keeps nothing here.
if (navigator.serviceWorker && window.top === window) {
  const { serviceWorker } = navigator;
  const file = new URL("service_worker.js", here);
  // A browser may allow none, as some do in private windows: then there is none.
  const registration = await serviceWorker.register(file, { updateViaCache: "none" }).catch(() => null);
  if (registration) watch(registration);
}

function watch(registration) {
  const look = (worker) => {
    const compare = () => ["installed", "activated"].includes(worker.state) && meet(registration, worker);
    worker.addEventListener("statechange", compare);
    compare();
  };
  registration.addEventListener("updatefound", () => look(registration.installing));
  [registration.installing, registration.waiting].filter(Boolean).forEach(look);
  const ask = () => document.hidden || registration.update().catch(() => {});
  if (navigator.serviceWorker.controller) ask();
  document.addEventListener("visibilitychange", ask);
  setInterval(ask, HOUR_MS);
}

/** A whole copy is there: of this page's build, or of another one. */
async function meet(registration, worker) {
  if ((await buildOf(worker)) !== build) return say(registration);
  // The host was asked for the page first: nothing is left to wait for.
  if (registration.active && worker.state === "installed") worker.postMessage({ leaving: build });
}

function buildOf(worker) {
  return new Promise((heard) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => heard(data);
    worker.postMessage("build", [port2]);
  });
}

/** One line below the header, until it is closed. */
function say(registration) {
  const line = document.createElement("div");
  line.className = "version";
  line.setAttribute("role", "status");
  const button = (text, clicked) => {
    const made = document.createElement("button");
    made.textContent = text;
    made.addEventListener("click", clicked);
    return made;
  };
  const words = document.createElement("p");
  const reload = button("Reload", async () => {
    reload.disabled = true;
    if (await keepMoment()) return takeOver(registration);
    words.textContent = "The address could not be brought to this moment: reloading begins where the address says.";
    reload.replaceWith(button("Reload all the same", () => takeOver(registration)));
  });
  line.append(words, reload, button("Close", () => line.remove()));
  document.querySelector(".version")?.remove();
  document.querySelector("header").after(line);
  // Said after the line is there, so that a screen reader says it.
  words.textContent = "A new version is there.";
}

/** Has the run, with what was done and this moment, put into the address; false if that cannot be. */
function keepMoment() {
  return new Promise((done) => {
    setTimeout(done, PATIENCE_MS, false);
    addEventListener("moment-kept", ({ detail }) => done(detail), { once: true });
    dispatchEvent(new CustomEvent("keep-moment"));
  });
}

async function takeOver({ waiting }) {
  if (waiting) {
    const over = new Promise((done) => {
      setTimeout(done, PATIENCE_MS);
      navigator.serviceWorker.addEventListener("controllerchange", done, { once: true });
    });
    waiting.postMessage({ leaving: build });
    await over;
  }
  location.reload();
}
