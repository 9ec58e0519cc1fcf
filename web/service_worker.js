// Keeps a whole copy of the site in the browser, and serves the page from it: without a network too. Each build is a
// copy of its own, so a page never meets files of another build. The first line of the file that is served is put
// there by xtask: `const SITE = { build, files }`, each file with a digest of what is in it.
//
// Which build a visit gets is written beside the copies, as `current`, and does not depend on which worker the browser
// has running: it may keep an old one for as long as it likes.
const { scope } = self.registration;
const ours = `kafkarium ${scope}`;
const copyOf = (build) => `${ours} ${build}`;
const kept = (name, cacheName) => caches.match(new URL(name, scope), { cacheName });
const isNamedByContent = (name) => /-[0-9a-f]{12,16}[._]/.test(name);

self.addEventListener("install", (event) => event.waitUntil(change()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || !url.href.startsWith(scope)) return;
  const name = url.pathname.slice(new URL(scope).pathname.length) || "index.html";
  const build = url.searchParams.get("v");
  if (name in SITE.files || build || isNamedByContent(name)) event.respondWith(answer(event.request, name, build));
});

/** To this build. The copy before it stays: pages of it may be open, and have not asked for all of their files yet. */
async function change() {
  const before = await currentCopy();
  await fetchAll();
  await makeCurrent();
  const copies = (await caches.keys()).filter((name) => name.startsWith(`${ours} `));
  const needed = [before, copyOf(SITE.build)];
  await Promise.all(copies.filter((name) => !needed.includes(name)).map((name) => caches.delete(name)));
}

/** All or nothing: with one file missing, or of another build, the browser asks again another time. */
async function fetchAll() {
  const copy = await caches.open(copyOf(SITE.build));
  const fetchInto = async ([name, integrity]) => {
    if (await copy.match(new URL(name, scope))) return;
    const fetched = await fetchWhole(name, integrity);
    // A redirected answer may not be given to a page that is opened.
    await copy.put(new URL(name, scope), fetched.redirected ? new Response(fetched.body, fetched) : fetched);
  };
  await Promise.all(Object.entries(SITE.files).map(fetchInto));
}

/** The address is the one that the page itself uses, so that what it has fetched before is not fetched again. */
function fetchWhole(name, integrity) {
  const address = name === "index.html" ? "./" : isNamedByContent(name) ? name : `${name}?v=${SITE.build}`;
  const fetchBy = (cache) => fetch(new URL(address, scope), { integrity, cache });
  return fetchBy("default").catch(() => fetchBy("reload"));
}

async function makeCurrent() {
  const notes = await caches.open(ours);
  await notes.put(new URL("current", scope), new Response(SITE.build));
}

async function currentCopy() {
  const note = await kept("current", ours);
  return copyOf(note ? await note.text() : SITE.build);
}

async function answer(request, name, build) {
  if (await isHostAskedFirst()) {
    return fetch(request).catch(async () => (await find(name, build)) ?? Response.error());
  }
  const found = await find(name, build);
  if (found) return found;
  return !build || (await isHosted(build)) ? fetch(request) : Response.error();
}

/** A file that names no build is the current one's; one that is named by its content may be any copy's. */
async function find(name, build) {
  const found = await kept(name, build ? copyOf(build) : await currentCopy());
  return found ?? (isNamedByContent(name) ? kept(name) : undefined);
}

/** A host whose page is not to be stored (`cargo xtask serve`) is asked at each visit: the copy is for when it is silent. */
async function isHostAskedFirst() {
  const page = await find("index.html");
  return /no-store/.test(page?.headers.get("cache-control"));
}

/** Whether the host has that build now. */
async function isHosted(build) {
  const page = await fetch(scope, { cache: "no-cache" }).then((answer) => answer.text()).catch(() => "");
  return page.includes(`?v=${build}"`);
}
