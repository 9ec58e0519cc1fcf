// Runs the probe's benchmark cases in a Chromium page and in its worker, and weighs what the site downloads.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { PROBE, openPage, root, startBrowser, startServer } from "./fixture.mjs";
import { report } from "./bench-report.mjs";

const server = await startServer();
const browser = await startBrowser();
const { page, faults, close } = await openPage(browser, server.origin);
await page.goto(server.origin + PROBE);
const cases = JSON.parse((await page.evaluate(() => window.callInPage("bench_cases"))).result);
await report("page", cases, (name) => page.evaluate((name) => window.callInPage("bench", name), name));
await report("worker", cases, (name) => page.evaluate((name) => window.callInWorker("bench", name), name));
await close();
await browser.close();
await server.close();

let total = 0;
for (const file of (await readdir(join(root, "dist"))).sort()) {
  const size = gzipSync(await readFile(join(root, "dist", file)), { level: 9 }).length;
  total += size;
  console.log(`download ${file.padEnd(32)} ${(size / 1024).toFixed(1).padStart(8)} KiB`);
}
console.log(`download ${"everything, gzip -9".padEnd(32)} ${(total / 1024).toFixed(1).padStart(8)} KiB of at most 350`);
if (faults.length > 0) throw new Error(faults.join("\n"));
