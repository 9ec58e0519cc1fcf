// Keeps a whole copy of the site in the browser, and serves the page from it: without a network too. Each build is a
// copy of its own, so a page never meets files of another build. The first line of the file that is served is put
// there by xtask: `const SITE = { build, files }`, each file with a digest of what is in it.
const { scope } = self.registration;
const copyOf = (build) => `kafkarium ${scope} ${build}`;
const kept = (name, build) => caches.match(new URL(name, scope), { cacheName: copyOf(build) });
/** The build of a page that asked for this one and has not been left yet. */
let leaving = null;

self.addEventListener("install", (event) => event.waitUntil(fetchAll()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers().then(() => self.clients.claim())));
self.addEventListener("message", ({ data, ports }) => {
  if (data === "build") ports[0].postMessage(SITE.build);
  if (data.leaving) {
    leaving = data.leaving;
    self.skipWaiting();
  }
});
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || !url.href.startsWith(scope)) return;
  const name = url.pathname.slice(new URL(scope).pathname.length) || "index.html";
  const build = url.searchParams.get("v") ?? SITE.build;
  if (name in SITE.files || build !== SITE.build) event.respondWith(answer(event.request, name, build));
});

/** All or nothing: with one file missing, or of another build, the browser asks again another time. */
async function fetchAll() {
  const copy = await caches.open(copyOf(SITE.build));
  const fetchInto = async ([name, integrity]) => {
    if (await kept(name, SITE.build)) return;
    const fetched = await fetchWhole(name, integrity);
    // A redirected answer may not be given to a page that is opened.
    await copy.put(new URL(name, scope), fetched.redirected ? new Response(fetched.body, fetched) : fetched);
  };
  await Promise.all(Object.entries(SITE.files).map(fetchInto));
}

/** The address is the one that the page itself uses, so that what it has fetched before is not fetched again. */
function fetchWhole(name, integrity) {
  const isNamedByContent = /-[0-9a-f]{12,16}[._]/.test(name);
  const address = name === "index.html" ? "./" : isNamedByContent ? name : `${name}?v=${SITE.build}`;
  const fetchBy = (cache) => fetch(new URL(address, scope), { integrity, cache });
  return fetchBy("default").catch(() => fetchBy("reload"));
}

async function forgetOthers() {
  const copies = (await caches.keys()).filter((name) => name.startsWith(`kafkarium ${scope} `));
  const needed = [copyOf(SITE.build), copyOf(leaving)];
  await Promise.all(copies.filter((name) => !needed.includes(name)).map((name) => caches.delete(name)));
}

async function answer(request, name, build) {
  if (await isHostAskedFirst()) {
    return fetch(request).catch(async () => (await kept(name, build)) ?? Response.error());
  }
  const found = await kept(name, build);
  if (found) return found;
  return build === SITE.build || (await isHosted(build)) ? fetch(request) : Response.error();
}

/** A host whose page is not to be stored (`cargo xtask serve`) is asked at each visit: the copy is for when it is silent. */
async function isHostAskedFirst() {
  const page = await kept("index.html", SITE.build);
  return /no-store/.test(page?.headers.get("cache-control"));
}

/** Whether the host has that build now. */
async function isHosted(build) {
  const page = await fetch(scope, { cache: "no-cache" }).then((answer) => answer.text()).catch(() => "");
  return page.includes(`?v=${build}"`);
}
