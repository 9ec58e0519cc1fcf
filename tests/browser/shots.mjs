// Pictures of the page in the states that matter, at three sizes, light and dark: `node shots.mjs OUT_DIR [HASH]`. With a
// HASH, of that link alone. Run by `cargo xtask shots`.
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SITE, linkTo, openPage, root, startBrowser, startServer } from "./fixture.mjs";

const [out, hash = ""] = process.argv.slice(2);
const sizes = [
  [1440, 900],
  [1024, 768],
  [390, 844],
];

const scenario = (name) => readFile(join(root, `scenarios/${name}.toml`), "utf8");
const tab = (page, name) => page.getByRole("tab", { name }).click();
const passes = (page, from) =>
  page.waitForFunction((from) => Number(document.querySelector("#clock")?.textContent.replace(/[ s]/g, "")) > from, from);

/** Where each state begins, and what a person does there. */
const states = {
  "first-opening": ["", (page) => passes(page, 12.05)],
  "failure-in-flight": ["", async (page) => {
    await page.getByRole("button", { name: "Try: crash broker 2" }).click();
    await page.locator(".notice", { hasText: "Done" }).waitFor();
    await passes(page, 12.1);
  }],
  "story-told": ["#s=leader-dies-acks-all&t=32s", (page) => tab(page, "Story")],
  "acknowledged-and-lost": [linkTo(await scenario("leader-dies-acks-1"), "40s"), (page) => tab(page, "Audit")],
  "record-followed": ["", async (page) => {
    await tab(page, "Record");
    await page.getByRole("button", { name: "Send and follow it" }).click();
    await page.locator(".life li").nth(4).waitFor();
  }],
  "group-rebalances": ["#s=more-consumers-than-partitions&t=20s", (page) => tab(page, "Inspect")],
  "rack-lost": [linkTo(await scenario("rack-lost"), "50s"), (page) => tab(page, "Story")],
  "charts": [linkTo(await scenario("slow-consumer"), "60s"), (page) => page.locator(".charts").scrollIntoViewIfNeeded()],
  "build": ["", async (page) => {
    // On a phone it is offered among the scenarios.
    await page.evaluate(() => [...document.querySelectorAll("button")].find(({ textContent }) => textContent.trim() === "Build").click());
    await page.waitForFunction(() => document.querySelector("#source")?.value.includes("seed = "));
  }],
  "hundred-brokers": [linkTo(await scenario("bench/hundred-brokers"), "13s"), () => {}],
  "kafka-tools": ["#s=too-few-in-sync&t=25s", async (page) => {
    await tab(page, "Kafka tools");
    await page.locator(".tools", { hasText: "PartitionCount" }).waitFor();
  }],
  "unreadable-link": ["#k1.this-is-no-link", (page) => page.getByRole("alert").waitFor()],
};
const chosen = hash ? { link: [`#${hash.replace(/^#/, "")}`, () => {}] } : states;

async function picture(state, [width, height], colorScheme) {
  const [at, act] = chosen[state];
  const { page, faults, close } = await openPage(browser, server.origin, { viewport: { width, height }, colorScheme });
  try {
    await page.goto(`${server.origin}${SITE}${at}`);
    await page.locator('.stage[aria-busy="false"]').waitFor();
    await act(page);
    // A second of life, so that what moves is on its way.
    await page.waitForTimeout(1_000);
  } catch (error) {
    faults.push(error.message);
  }
  const path = join(resolve(out), `${state}-${width}x${height}-${colorScheme}.png`);
  await page.screenshot({ path });
  console.log(path);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) faults.push(`the page is ${wide} px wide, the window ${width}`);
  await close();
  return faults.map((fault) => `${state} ${width}x${height} ${colorScheme}: ${fault}`);
}

await mkdir(resolve(out), { recursive: true });
const [server, browser] = [await startServer(), await startBrowser()];
const seen = [];
for (const state of Object.keys(chosen)) {
  for (const size of sizes) {
    for (const colorScheme of ["light", "dark"]) seen.push(...(await picture(state, size, colorScheme)));
  }
}
await browser.close();
await server.close();
if (seen.length > 0) {
  console.error(seen.join("\n"));
  process.exitCode = 1;
}
