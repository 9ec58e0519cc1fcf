// The benchmark cases in a Chromium page's worker, the page's animation frames, and what the site downloads.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { PROBE, SITE, openPage, root, startBrowser, startServer } from "./fixture.mjs";
import { figures, measure, native, percentile } from "./bench-report.mjs";

const server = await startServer();
const browser = await startBrowser();

const probe = await openPage(browser, server.origin);
await probe.page.goto(server.origin + PROBE);
const inWorker = (...args) => probe.page.evaluate((args) => window.callInWorker(...args), args);
figures("worker", await measure("worker", inWorker), await native());
await probe.close();

// The time inside the page's own animation frame callback: the page is not told that it is watched.
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
await site.page.goto(server.origin + SITE);
await site.page.waitForTimeout(10_000);
const times = (await site.page.evaluate(() => window.frameTimes)).slice(30);
for (const [percent, target] of [[95, 4], [99, 8]]) {
  const value = `${percentile(times, percent).toFixed(2)} ms`;
  console.log(`figure   ${`animation frame callback, default scene, ${percent} %`.padEnd(62)} ${value.padStart(14)}   target <= ${target} ms`);
}
const memory = await site.page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0);
console.log(`figure   ${"JavaScript heap of the page, default scene".padEnd(62)} ${`${(memory / 2 ** 20).toFixed(1)} MiB`.padStart(14)}   target none: as it stands`);
const faults = [...probe.faults, ...site.faults];
await site.close();
await browser.close();
await server.close();

let total = 0;
for (const file of (await readdir(join(root, "dist"))).sort()) {
  const size = gzipSync(await readFile(join(root, "dist", file)), { level: 9 }).length;
  total += size;
  console.log(`download ${file.padEnd(40)} ${(size / 1024).toFixed(1).padStart(8)} KiB`);
}
console.log(`figure   ${"download before the first moving frame, gzip -9".padEnd(62)} ${`${(total / 1024).toFixed(1)} KiB`.padStart(14)}   target <= 350 KiB`);
if (faults.length > 0) throw new Error(faults.join("\n"));
