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
  let known = build;
  const compare = async () => {
    const current = (await currentBuild(registration)) ?? known;
    if (current === known) return;
    known = current;
    document.querySelector(".version")?.remove();
    if (current !== build) say();
  };
  const look = (worker) => worker?.addEventListener("statechange", () => worker.state === "installed" && compare());
  registration.addEventListener("updatefound", () => look(registration.installing));
  look(registration.installing);
  // Another page may have fetched the new version meanwhile.
  const ask = async () => {
    await registration.update();
    if (!registration.installing) await compare();
  };
  const askIfSeen = () => document.hidden || ask().catch(() => {});
  if (navigator.serviceWorker.controller) askIfSeen();
  document.addEventListener("visibilitychange", askIfSeen);
  setInterval(askIfSeen, HOUR_MS);
}

/** The build that the next visit gets; none before a whole copy is there. */
async function currentBuild({ scope }) {
  const note = await caches.match(new URL("current", scope), { cacheName: `kafkarium ${scope}` });
  return note?.text();
}

/** One line below the header, until it is closed. */
function say() {
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
    if (await keepMoment()) return location.reload();
    words.textContent = "The address could not be brought to this moment: reloading begins where the address says.";
    reload.replaceWith(button("Reload all the same", () => location.reload()));
  });
  line.append(words, reload, button("Close", () => line.remove()));
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
