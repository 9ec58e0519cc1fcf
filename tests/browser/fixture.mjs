// What every browser test and tool here stands on: a static server that offers the site under a sub-path, a
// Chromium, and a page that is watched: an error on the console, a breach of the content security policy, a failed
// request or one to another origin fails the test.
import { createServer } from "node:http";
import { mkdir, readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../../", import.meta.url));

// The site must work from wherever someone puts it.
export const SITE = "/some/sub/path/";
export const PROBE = "/probe/";
const DIST = join(root, "dist");
const folders = [
  [PROBE, join(root, "tests/browser/probe")],
  [PROBE, join(root, "target/probe/web")],
];

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

async function answer(request, response, { site, headers }) {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://host").pathname));
  for (const [prefix, folder] of [[SITE, site], ...folders]) {
    if (!path.startsWith(prefix)) continue;
    const file = path.slice(prefix.length) || "index.html";
    const body = await readFile(join(folder, file)).catch(() => null);
    if (body === null) continue;
    const own = { "content-type": types[extname(file)] ?? "application/octet-stream" };
    response.writeHead(200, { ...own, ...headers(file, request.url) });
    return response.end(body);
  }
  response.writeHead(404).end();
}

/**
 * Starts the server on a free port: `{ origin, requests, close, offer }`; `requests` are `{ path, at }`, `at` as
 * `Date.now()`. `offer` may be changed: `site` is the folder of the site, `headers(file, url)` gives more headers.
 */
export async function startServer() {
  const requests = [];
  const offer = { site: DIST, headers: () => ({}) };
  const server = createServer((request, response) => {
    requests.push({ path: new URL(request.url, "http://host").pathname, at: Date.now() });
    answer(request, response, offer).catch(() => response.writeHead(400).end());
  });
  // A browser opens connections in advance, over which no request ever comes.
  const sockets = new Set();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const close = () =>
    new Promise((closed) => {
      server.close(() => closed());
      for (const socket of sockets) socket.destroy();
    });
  return { origin: `http://127.0.0.1:${server.address().port}`, requests, close, offer };
}

/** Starts the browser that xtask found. */
export function startBrowser() {
  const executablePath = process.env.KAFKARIUM_BROWSER;
  if (!executablePath) throw new Error("KAFKARIUM_BROWSER is not set: run this through `cargo xtask`");
  // Playwright itself makes it headless, with a new profile and without the sandbox that containers lack.
  const args = ["--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"];
  return chromium.launch({ executablePath, args });
}

/**
 * To be called before a page goes anywhere: `window.firstMoving` is then the moment, as `Date.now()`, of the first
 * picture on the stage that differs from the one before it.
 */
export function watchForMotion(page) {
  return page.addInitScript(() => {
    let before = null;
    const picture = () => {
      const canvas = document.querySelector(".stage canvas");
      if (!canvas?.width || !canvas.height) return null;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const pixels = new Uint32Array(data.buffer);
      return pixels.some((pixel) => pixel !== 0) ? { width: canvas.width, height: canvas.height, pixels } : null;
    };
    const look = () => {
      const now = picture();
      const same = now && before && now.width === before.width && now.height === before.height;
      if (same && now.pixels.some((pixel, at) => pixel !== before.pixels[at])) window.firstMoving = Date.now();
      before = now;
    };
    const request = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) =>
      request((time) => {
        callback(time);
        if (!window.firstMoving) look();
      });
  });
}

/**
 * Opens a watched page: `{ page, faults, close }`; `faults` are sentences, and empty when all is well. What a service
 * worker keeps would be out of the tests' hands: there is one only where `serviceWorkers` is "allow".
 */
export async function openPage(browser, origin, options = {}) {
  const usual = { viewport: { width: 1440, height: 900 }, serviceWorkers: "block" };
  const context = await browser.newContext({ ...usual, ...options });
  const faults = [];
  await context.route(
    (url) => !["data:", "blob:"].includes(url.protocol) && url.origin !== origin,
    (route) => {
      faults.push(`a request left the page: ${route.request().url()}`);
      return route.abort();
    },
  );
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`content security policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("crash", () => faults.push("the page crashed"));
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  return { page, faults, close: () => context.close() };
}

/** A link to a moment (`25s`) of a scenario's text, in the packed form of docs/link-format.md. */
export function linkTo(text, moment) {
  const packed = deflateRawSync(Buffer.from(`seed ${/^seed = (\d+)/m.exec(text)[1]}\nt ${moment}\n\n${text}`));
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(packed));
  return `#k1.${Buffer.concat([sum, packed]).toString("base64url")}`;
}

// Node 18 and 20 have none of their own.
function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

let shared;

/** The server and browser that all tests of one file share; whoever asks first starts them. */
function sharedStart() {
  shared ??= Promise.all([startServer(), startBrowser()]);
  return shared;
}

/** To be called once when a file's tests are over. */
export async function closeShared() {
  if (!shared) return;
  const [server, browser] = await shared;
  await browser.close();
  await server.close();
}

/** A wait on a condition has Playwright's limit; this one is for a page that hangs without a word. */
export async function inTime(work, limit = 120_000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the test took over ${limit / 1000} s`)), limit);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/**
 * Runs one test in a watched page of its own, opened at `at` below the server's origin. `use` gets the page and
 * `{ url, faults }`. Options are Playwright's context options and `expectFaults`, which leaves judging them to `use`.
 * When a test fails, what the page looked like is in target/browser/.
 */
export async function withPage(at, use, { expectFaults = false, ...options } = {}) {
  const [server, browser] = await sharedStart();
  const { page, faults, close } = await openPage(browser, server.origin, options);
  const url = server.origin + at;
  try {
    await page.goto(url);
    await inTime(use(page, { url, faults }));
    if (!expectFaults && faults.length > 0) throw new Error(faults.join("\n"));
  } catch (error) {
    const folder = join(root, "target/browser");
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${Date.now()}.png`);
    await page.screenshot({ path }).catch(() => {});
    if (faults.length > 0) error.message += `\nseen in the page:\n  ${faults.join("\n  ")}`;
    error.message += `\nscreenshot: ${path}`;
    throw error;
  } finally {
    await close();
  }
}
