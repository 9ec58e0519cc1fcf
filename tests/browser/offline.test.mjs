// A copy of the site in the browser: the page without its host, the next build, installing it, and a host as docs/hosting.md says.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { SITE, inTime, linkTo, openPage, root, startBrowser, startServer, watchForMotion } from "./fixture.mjs";

/** Of one wait, and of one test: the machine may be slow, and have other things to do. */
const [WAIT_MS, TEST_MS] = [120_000, 300_000];

let started;
after(async () => (await started)?.close());

/**
 * A browser that looks for new versions at once. Chromium puts that off, like all it may do later, until a first page has
 * been quiet, or for a minute: this page never is, so a quiet one comes before it.
 */
async function startQuietly() {
  const [browser, server] = [await startBrowser(), await startServer()];
  const context = await browser.newContext();
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  await page.goto(`${server.origin}${SITE}icon.svg`);
  await inTime(page.evaluate(async () => (await navigator.serviceWorker.register("service_worker.js")).update()), WAIT_MS);
  await context.close();
  await server.close();
  return browser;
}

/** A visitor whose browser may keep a copy, and a host of their own: `{ page, server, url, faults }`. */
async function visit(use, prepare = () => {}, at = SITE) {
  started ??= startQuietly();
  const [browser, server] = [await started, await startServer()];
  const { page, faults, close } = await openPage(browser, server.origin, { serviceWorkers: "allow" });
  try {
    page.context().setDefaultTimeout(WAIT_MS);
    await prepare({ page, server });
    const url = server.origin + SITE;
    await page.goto(server.origin + at);
    await inTime(use({ page, server, url, faults }), TEST_MS);
    // The browser itself says so where it asked a silent host for a newer version.
    const expected = /ERR_CONNECTION_REFUSED|error occurred when fetching the script/;
    assert.deepEqual(faults.filter((fault) => !expected.test(fault)), []);
  } catch (error) {
    if (faults.length > 0) error.message += `\nseen in the page:\n  ${faults.join("\n  ")}`;
    throw error;
  } finally {
    await close();
    await server.close();
  }
}

const seconds = (text) => Number(text.replace(/[ s]/g, ""));
const goesOnFrom = (page, from) =>
  page.waitForFunction((from) => Number(document.querySelector("#clock")?.textContent.replace(/[ s]/g, "")) > from, from);
const hasCopy = (page) => page.waitForFunction(() => navigator.serviceWorker.controller !== null);
const newVersion = (page) => page.locator(".version", { hasText: "A new version is there." });
const workerThere = async (page) => {
  await page.getByRole("tab", { name: "Kafka tools" }).click();
  await page.locator(".tools", { hasText: "PartitionCount" }).waitFor();
};
/** Somebody comes back to the page: it asks for a newer version then. */
const comesBack = (page) => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));

/** The site as another build would be, in a folder of its own: its page has another title. */
async function nextBuild(use, title = "The next Kafkarium") {
  const folder = await mkdtemp(join(tmpdir(), "kafkarium-"));
  try {
    await cp(join(root, "dist"), folder, { recursive: true });
    const [script, index] = ["service_worker.js", "index.html"].map((name) => join(folder, name));
    const [first, ...rest] = (await readFile(script, "utf8")).split("\n");
    const site = JSON.parse(first.slice("const SITE = ".length, -1));
    const build = createHash("sha256").update(title).digest("hex").slice(0, site.build.length);
    const html = (await readFile(index, "utf8")).replaceAll(site.build, build).replace("<title>Kafkarium<", `<title>${title}<`);
    await writeFile(index, html);
    site.build = build;
    site.files["index.html"] = `sha256-${createHash("sha256").update(html).digest("base64")}`;
    await writeFile(script, [`const SITE = ${JSON.stringify(site)};`, ...rest].join("\n"));
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("after the first visit everything is there without the host: scenarios, the workshop, links", () =>
  visit(async ({ page, server, url }) => {
    await hasCopy(page);
    await server.close();
    await page.reload();
    await goesOnFrom(page, 12);
    await workerThere(page);
    await page.getByRole("button", { name: /Website activity/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=all/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=all ▾/ }).waitFor();
    await goesOnFrom(page, 0.1);
    await page.getByRole("button", { name: "Build", exact: true }).click();
    await page.waitForFunction(() => document.querySelector("#source")?.value.includes("seed = "));
    const text = await readFile(join(root, "scenarios/rack-lost.toml"), "utf8");
    for (const hash of ["#s=slow-consumer", linkTo(text, "21s")]) {
      await page.goto("about:blank");
      await page.goto(url + hash);
      await goesOnFrom(page, hash.startsWith("#k1") ? 21 : 0.1);
      await workerThere(page);
    }
  }));

test("the copy is of every file there is, and is fetched after the first moving picture", () =>
  visit(
    async ({ page, server }) => {
      await hasCopy(page);
      const kept = await page.evaluate(async () => {
        const copies = (await caches.keys()).filter((name) => !name.endsWith("/"));
        return (await (await caches.open(copies[0])).keys()).map(({ url }) => url);
      });
      const files = await readdir(join(root, "dist"), { recursive: true });
      const expected = files.filter((name) => name !== "service_worker.js").map((name) => server.origin + SITE + name);
      assert.deepEqual(kept.sort(), expected.sort());
      const moving = await page.evaluate(() => window.firstMoving);
      for (const name of ["offline.js", "service_worker.js", "workshop_bg.wasm"]) {
        const { at } = server.requests.find(({ path }) => path === SITE + name);
        assert.ok(at > moving, `${name} was asked for ${moving - at} ms before`);
      }
    },
    ({ page }) => watchForMotion(page),
  ));

test("what the first visit has fetched is not fetched again for the copy", async () => {
  started ??= startQuietly();
  const [browser, server] = [await started, await startServer()];
  // A page that is watched by Playwright has no cache.
  const context = await browser.newContext();
  context.setDefaultTimeout(WAIT_MS);
  try {
    asStated(server, await statedTypes());
    const page = await context.newPage();
    await page.goto(server.origin + SITE);
    await hasCopy(page);
    const paths = server.requests.map(({ path }) => path.slice(SITE.length));
    const twice = paths.filter((path, at) => paths.indexOf(path) !== at && !["", "site.webmanifest", "icon.svg"].includes(path));
    assert.deepEqual(twice, []);
  } finally {
    await context.close();
    await server.close();
  }
});

/** The page says in `sessionStorage.kept` which moment it kept, and in `clocks` which ones it shows. */
const watchMoments = ({ page }) =>
  page.addInitScript(() => {
    window.clocks = [];
    // Time goes on until the page stops it, so the moment is read when it is kept.
    addEventListener("moment-kept", () => (sessionStorage.kept = document.querySelector("#clock").textContent));
    new MutationObserver(() => {
      const text = document.querySelector("#clock")?.textContent ?? "0";
      if (!text.startsWith("0")) window.clocks.push(text);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });

test("a new version is said to be there, and goes on at the same moment of the same run", () =>
  visit(async ({ page, server, url }) => {
    await hasCopy(page);
    await page.getByRole("button", { name: "Try: crash broker 2" }).click();
    await page.locator(".caption", { hasText: /broker 2/ }).waitFor();
    await nextBuild(async (folder) => {
      server.offer.site = folder;
      await comesBack(page);
      await newVersion(page).waitFor();
      assert.equal(await page.title(), "Kafkarium");
      await newVersion(page).getByRole("button", { name: "Reload" }).click();
      await page.waitForFunction(() => document.title === "The next Kafkarium");
      const before = seconds(await page.evaluate(() => sessionStorage.kept));
      await goesOnFrom(page, before);
      const first = await page.evaluate(() => window.clocks[0]);
      assert.ok(Math.abs(seconds(first) - before) < 0.2, `it goes on at ${first}, from ${before}`);
      await page.getByRole("tab", { name: "Story" }).click();
      await page.locator(".story li", { hasText: "crash broker 2" }).waitFor();
      await comesBack(page);
      assert.equal(await newVersion(page).count(), 0);
      await server.close();
      await page.goto("about:blank");
      await page.goto(url);
      await goesOnFrom(page, 12);
      assert.equal(await page.title(), "The next Kafkarium");
    });
  }, watchMoments));

test("a page of the old version keeps its files while another page has the new one", () =>
  visit(async ({ page, server, url }) => {
    await hasCopy(page);
    await nextBuild(async (folder) => {
      server.offer.site = folder;
      await comesBack(page);
      await newVersion(page).waitFor();
      await newVersion(page).getByRole("button", { name: "Close" }).click();
      const other = await page.context().newPage();
      await other.goto(url);
      assert.equal(await other.title(), "The next Kafkarium");
      await goesOnFrom(other, 12);
      await server.close();
      await page.bringToFront();
      await comesBack(page);
      await page.getByRole("button", { name: "Build", exact: true }).click();
      await page.waitForFunction(() => document.querySelector("#source")?.value.includes("seed = "));
      assert.equal(await newVersion(page).count(), 0, "what was closed stays closed");
    });
  }));

test("a host that goes back to an earlier build is followed, and copies that no page can need are forgotten", () =>
  visit(async ({ page, server }) => {
    await hasCopy(page);
    const goesTo = async (title) => {
      await comesBack(page);
      await newVersion(page).waitFor();
      await page.reload();
      assert.equal(await page.title(), title);
      await goesOnFrom(page, 12);
    };
    const builds = () => page.evaluate(async () => (await caches.keys()).filter((name) => !name.endsWith("/")));
    let gone;
    await nextBuild(async (folder) => {
      const own = server.offer.site;
      server.offer.site = folder;
      await goesTo("The next Kafkarium");
      const [first, second] = await builds();
      gone = second;
      server.offer.site = own;
      await goesTo("Kafkarium");
      assert.deepEqual(await builds(), [first, second]);
    });
    await nextBuild(async (folder) => {
      server.offer.site = folder;
      await goesTo("The third Kafkarium");
      const left = await builds();
      assert.ok(left.length === 2 && !left.includes(gone), `${left} without ${gone}`);
    }, "The third Kafkarium");
  }));

test("a version of which a file is missing or another one is no version", () =>
  visit(async ({ page, server, faults }) => {
    await hasCopy(page);
    await nextBuild(async (folder) => {
      const file = join(folder, "workshop.js");
      const whole = await readFile(file);
      await writeFile(file, "// of some other build\n");
      server.offer.site = folder;
      const end = page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration();
        const worker = await new Promise((found) => {
          registration.addEventListener("updatefound", () => found(registration.installing), { once: true });
        });
        while (["parsed", "installing"].includes(worker.state)) {
          await new Promise((changed) => worker.addEventListener("statechange", changed, { once: true }));
        }
        return worker.state;
      });
      await comesBack(page);
      assert.equal(await end, "redundant");
      assert.equal(await newVersion(page).count(), 0);
      await writeFile(file, whole);
      await comesBack(page);
      await newVersion(page).waitFor();
    });
    faults.splice(0, Infinity, ...faults.filter((fault) => !fault.includes("digest")));
  }));

test("a host whose page is not to be stored shows what was just built, and is not needed either", () =>
  visit(
    async ({ page, server }) => {
      await hasCopy(page);
      await nextBuild(async (folder) => {
        server.offer.site = folder;
        await page.reload();
        assert.equal(await page.title(), "The next Kafkarium");
        await goesOnFrom(page, 12);
        // Nothing is to be said of the new copy: this page is of that build.
        await page.evaluate(async () => {
          const shown = new URL(document.querySelector("#worker").href).searchParams.get("v");
          const current = async () => (await caches.match("current")).text();
          while ((await current()) !== shown) await new Promise((later) => setTimeout(later, 50));
        });
        assert.equal(await newVersion(page).count(), 0);
        await server.close();
        await page.reload();
        await goesOnFrom(page, 12);
        assert.equal(await page.title(), "The next Kafkarium");
      });
    },
    ({ server }) => {
      server.offer.headers = () => ({ "cache-control": "no-store" });
    },
  ));

/** Somebody's page that has the site in a frame. */
const courseAround = (site) => `<link rel="icon" href="data:,"><iframe src="${site}" width="1200" height="800"></iframe>`;
const frameOf = async (page, url) => {
  await page.waitForFunction(() => frames.length === 1);
  await page.frames()[1].waitForURL(url);
  return page.frames()[1];
};
const offlineAsked = (frame) =>
  frame.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("offline.js")));

test("in somebody's frame nothing is kept", () =>
  visit(
    async ({ page, url }) => {
      const frame = await frameOf(page, url);
      await goesOnFrom(frame, 12);
      await offlineAsked(frame);
      assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
    },
    ({ page }) => page.route("**/course.html", (route) => route.fulfill({ contentType: "text/html", body: courseAround(SITE) })),
    "/course.html",
  ));

const livesWithout = (forbid) =>
  visit(
    async ({ page }) => {
      await offlineAsked(page);
      await workerThere(page);
      assert.equal(await page.locator(".version").count(), 0);
      assert.equal(await page.getByRole("alert").count(), 0);
    },
    ({ page }) => page.addInitScript(forbid),
  );

test("where the browser has no service workers nothing is kept, and nothing said", () =>
  livesWithout(() => Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined })));

test("where the browser forbids to keep anything nothing is said", () =>
  livesWithout(() => {
    ServiceWorkerContainer.prototype.register = () => Promise.reject(new DOMException("forbidden", "SecurityError"));
  }));

test("the page can be installed, and its icons are what the manifest says", () =>
  visit(async ({ page, server }) => {
    await hasCopy(page);
    const session = await page.context().newCDPSession(page);
    const { url, errors, data } = await session.send("Page.getAppManifest");
    assert.deepEqual([url, errors], [`${server.origin}${SITE}site.webmanifest`, []]);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    // Playwright's pages are incognito windows, which never install: everything else is judged.
    assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
    const manifest = JSON.parse(data);
    for (const key of ["id", "start_url", "scope"]) assert.equal(manifest[key], "./", key);
    const measured = await page.evaluate(
      (icons) =>
        Promise.all(
          icons.map(async ({ src, sizes }) => {
            const image = new Image();
            image.src = src;
            await image.decode();
            return sizes === "any" ? sizes : `${image.naturalWidth}x${image.naturalHeight}`;
          }),
        ),
      manifest.icons,
    );
    assert.deepEqual(measured, manifest.icons.map(({ sizes }) => sizes));
    const colours = await page.evaluate(() => [...document.querySelectorAll("meta[name=theme-color]")].map(({ content }) => content));
    const tokens = await readFile(join(root, "style/tokens.css"), "utf8");
    assert.deepEqual(colours, /--ground: light-dark\((.+), (.+)\)/.exec(tokens).slice(1), "the page's own ground, light and dark");
  }));

/** What docs/hosting.md says of addresses: rows of `[pattern, type, cache]`. */
async function statedTypes() {
  const text = await readFile(join(root, "docs/hosting.md"), "utf8");
  const cells = (line) => [...line.matchAll(/`([^`]+)`/g)].map(([, cell]) => cell);
  const after = text.slice(text.indexOf("| address |")).split("\n\n")[0];
  const rows = after.split("\n").slice(2).map((line) => {
    const [type, cache] = cells(line).slice(-2);
    return cells(line).slice(0, -2).map((pattern) => [pattern, type, cache.replace("immutable", "public, max-age=31536000, immutable")]);
  });
  return rows.flat();
}

/** Makes a host out of it. */
function asStated(server, rows, more = {}) {
  const fits = (pattern, file) => (pattern.startsWith("*") ? file.endsWith(pattern.slice(1)) : file === pattern);
  server.offer.headers = (file) => {
    const [, type, cache] = rows.find(([pattern]) => fits(pattern, file)) ?? assert.fail(`${file} is not in docs/hosting.md`);
    return { "content-type": type, "cache-control": cache, ...more };
  };
}

/** Opens a page that another host has. */
async function inAnotherOrigin(page, html, use) {
  const [server, folder] = [await startServer(), await mkdtemp(join(tmpdir(), "kafkarium-"))];
  try {
    await writeFile(join(folder, "index.html"), html);
    server.offer.site = folder;
    await page.route(`${server.origin}/**`, (route) => route.continue());
    await page.goto(server.origin + SITE);
    await use();
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
}

test("a host as docs/hosting.md says, in a sub-path, in a frame, serves the page without a fault", () =>
  visit(
    async ({ page, url }) => {
      await goesOnFrom(page, 12);
      await workerThere(page);
      await hasCopy(page);
      await inAnotherOrigin(page, courseAround(url), async () => {
        const frame = await frameOf(page, url);
        await goesOnFrom(frame, 12);
        await workerThere(frame);
      });
      const files = await readdir(join(root, "dist"));
      const size = async (name) => (await readFile(join(root, "dist", name))).length;
      const total = (await Promise.all(files.map(size))).reduce((sum, bytes) => sum + bytes, 0);
      assert.ok(total > 3e6 && total < 5e6, `about 4 MB are ${total} bytes`);
      const wasm = files.find((name) => name.endsWith(".wasm"));
      const body = await readFile(join(root, "dist", wasm));
      assert.ok(brotliCompressSync(body).length < body.length * 0.4, "WebAssembly shrinks to a third");
    },
    async ({ server }) => {
      const text = await readFile(join(root, "docs/hosting.md"), "utf8");
      const stated = /```http\n([^`]+)```/.exec(text)[1].trim().split("\n");
      const headers = Object.fromEntries(stated.map((line) => [line.split(": ")[0].toLowerCase(), line.slice(line.indexOf(": ") + 2)]));
      const html = await readFile(join(root, "index.html"), "utf8");
      const own = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)[1];
      assert.equal(headers["content-security-policy"], `${own}; frame-ancestors *`);
      asStated(server, await statedTypes(), headers);
    },
  ));
