// Pictures of the page: `node shots.mjs OUT_DIR [HASH]`, three sizes, light and dark. Run by `cargo xtask shots`.
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SITE, openPage, startBrowser, startServer } from "./fixture.mjs";

const [out, hash = ""] = process.argv.slice(2);
const sizes = [
  [1440, 900],
  [1024, 768],
  [390, 844],
];

await mkdir(resolve(out), { recursive: true });
const server = await startServer();
const browser = await startBrowser();
let seen = [];
for (const colorScheme of ["light", "dark"]) {
  for (const [width, height] of sizes) {
    const { page, faults, close } = await openPage(browser, server.origin, { viewport: { width, height }, colorScheme });
    await page.goto(`${server.origin}${SITE}${hash && `#${hash.replace(/^#/, "")}`}`);
    await page
      .waitForFunction(() => document.body.innerText.trim() !== "", undefined, { timeout: 20_000 })
      .catch(() => faults.push("nothing appeared within 20 s"));
    // A second of life, so that what moves is on its way.
    await page.waitForTimeout(1_000);
    const path = join(resolve(out), `${width}x${height}-${colorScheme}.png`);
    await page.screenshot({ path });
    console.log(path);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width) faults.push(`the page is ${wide} px wide, the window ${width}`);
    seen = seen.concat(faults.map((fault) => `${width}x${height} ${colorScheme}: ${fault}`));
    await close();
  }
}
await browser.close();
await server.close();
if (seen.length > 0) {
  console.error(seen.join("\n"));
  process.exitCode = 1;
}
