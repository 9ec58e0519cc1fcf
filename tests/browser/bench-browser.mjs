// The benchmark cases in a Chromium page's worker, the page's animation frames, and what the site downloads.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { PROBE, SITE, linkTo, openPage, root, startBrowser, startServer, watchForMotion } from "./fixture.mjs";
import { figures, measure, native, percentile } from "./bench-report.mjs";

const server = await startServer();
const browser = await startBrowser();

const probe = await openPage(browser, server.origin);
await probe.page.goto(server.origin + PROBE);
const inWorker = (...args) => probe.page.evaluate((args) => window.callInWorker(...args), args);
figures("worker", await measure("worker", inWorker), await native());
await probe.close();

/** The time inside the page's own animation frame callback: the page is not told that it is watched. */
async function frames(scene, hash, targets) {
  const site = await openPage(browser, server.origin);
  await site.page.addInitScript(() => {
    window.frameTimes = [];
    const request = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) =>
      request((time) => {
        const start = performance.now();
        callback(time);
        window.frameTimes.push(performance.now() - start);
      });
  });
  await site.page.goto(server.origin + SITE + hash);
  await site.page.locator('.stage[aria-busy="false"]').waitFor({ timeout: 90_000 });
  // Half a second to begin with: compiling is no drawing.
  await site.page.waitForTimeout(500);
  await site.page.evaluate(() => (window.frameTimes.length = 0));
  await site.page.waitForTimeout(10_000);
  const times = await site.page.evaluate(() => window.frameTimes);
  for (const [percent, target] of targets) {
    const value = `${percentile(times, percent).toFixed(2)} ms`;
    console.log(`figure   ${`animation frame callback, ${scene}, ${percent} %`.padEnd(62)} ${value.padStart(14)}   target <= ${target} ms`);
  }
  const memory = await site.page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0);
  console.log(`figure   ${`JavaScript heap of the page, ${scene}`.padEnd(62)} ${`${(memory / 2 ** 20).toFixed(1)} MiB`.padStart(14)}   target none: as it stands`);
  await site.close();
  return site.faults;
}

const hundred = linkTo(await readFile(join(root, "scenarios/bench/hundred-brokers.toml"), "utf8"), "13s");
const seen = [
  ...(await frames("default scene", "", [[95, 4], [99, 8]])),
  ...(await frames("100 brokers, 5,000 partitions", hundred, [[99, 12]])),
];

// Everything that the server was asked for before something moved on the stage, as a static host would compress it.
const download = await openPage(browser, server.origin, { serviceWorkers: "allow" });
await watchForMotion(download.page);
server.requests.length = 0;
const start = Date.now();
await download.page.goto(server.origin + SITE);
const moving = await (await download.page.waitForFunction(() => window.firstMoving)).jsonValue();
const before = new Set(server.requests.filter(({ at }) => at <= moving).map(({ path }) => path));
await download.page.waitForTimeout(1_000);
const after = server.requests.map(({ path }) => path).filter((path) => !before.has(path));
const faults = [...probe.faults, ...seen, ...download.faults];
await download.close();
await browser.close();
await server.close();

const total = { gzip: 0, brotli: 0 };
for (const [when, paths] of [["download", [...before].sort()], ["later", after]]) {
  for (const path of paths) {
    const name = path.slice(SITE.length) || "index.html";
    const file = await readFile(join(root, "dist", name));
    const sizes = { gzip: gzipSync(file, { level: 9 }).length, brotli: brotliCompressSync(file).length };
    for (const [kind, size] of Object.entries(sizes)) if (when === "download") total[kind] += size;
    console.log(`${when.padEnd(8)} ${name.padEnd(40)} ${(sizes.gzip / 1024).toFixed(1).padStart(8)} KiB`);
  }
}
for (const [kind, target] of [["gzip", "<= 350 KiB"], ["brotli", "none: as it stands"]]) {
  console.log(`figure   ${`download before the first moving frame, ${kind}`.padEnd(62)} ${`${(total[kind] / 1024).toFixed(1)} KiB`.padStart(14)}   target ${target}`);
}
console.log(`figure   ${"from opening the page to the first moving frame".padEnd(62)} ${`${moving - start} ms`.padStart(14)}   target none: as it stands`);
if (faults.length > 0) throw new Error(faults.join("\n"));
