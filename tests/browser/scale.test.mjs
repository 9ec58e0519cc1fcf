// A hundred brokers and 5,000 partitions: seen at once, from near, and found by name.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { SITE, closeShared, linkTo, root, withPage } from "./fixture.mjs";

after(closeShared);

const HUNDRED = linkTo(await readFile(join(root, "scenarios/bench/hundred-brokers.toml"), "utf8"), "13s");
/** Bars instead of lanes, too low for a finger. */
const TWELVE = linkTo(
  (await readFile(join(root, "scenarios/website-activity.toml"), "utf8")).replace("partitions = 3", "partitions = 12"),
  "13s",
);
const canvas = (page) => page.locator(".stage canvas");
const alive = (page) => page.locator('.stage[aria-busy="false"]').waitFor({ timeout: 90_000 });
const percent = async (page) => Number((await page.locator(".zoom button").nth(1).textContent()).replace(" %", ""));
const nearer = (page, than) =>
  page.waitForFunction((than) => Number(document.querySelectorAll(".zoom button")[1].textContent.replace(" %", "")) > than, than);
const whole = (page) => page.locator(".zoom button", { hasText: /^100 %$/ }).waitFor();
const selected = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();
/** Pauses, so that nothing moves but what the test moves. */
async function paused(page) {
  await alive(page);
  await page.getByRole("button", { name: "Pause" }).click();
}

test("any of a hundred brokers is found by its number", () =>
  withPage(SITE + HUNDRED, async (page) => {
    await paused(page);
    await page.keyboard.press("/");
    await page.keyboard.type("100");
    await page.keyboard.press("Enter");
    await selected(page, "Broker 100");
    await nearer(page, 900);
  }));

test("plus looks from nearer, nought at all of it, and the wheel at what is under it", () =>
  withPage(SITE + HUNDRED, async (page) => {
    await paused(page);
    assert.equal(await percent(page), 100);
    await page.keyboard.press("+");
    await nearer(page, 140);
    await page.keyboard.press("0");
    await whole(page);
    await canvas(page).hover({ position: { x: 500, y: 200 } });
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -600);
    await page.keyboard.up("Control");
    await nearer(page, 180);
    await page.getByRole("button", { name: "All brokers" }).click();
    await whole(page);
  }));

test("what is dragged from near moves, and the click that ends a drag selects nothing", () =>
  withPage(SITE + HUNDRED, async (page) => {
    await paused(page);
    await page.keyboard.press("+");
    await page.keyboard.press("+");
    await nearer(page, 250);
    const picture = () => canvas(page).evaluate((canvas) => canvas.toDataURL());
    const before = await picture();
    await page.mouse.move(500, 300);
    await page.mouse.down();
    await page.mouse.move(420, 260, { steps: 5 });
    await page.mouse.up();
    await page.waitForTimeout(300);
    assert.notEqual(await picture(), before);
    await selected(page, "The cluster");
  }));

test("a double click goes to a broker and back", () =>
  withPage(SITE + HUNDRED, async (page) => {
    await paused(page);
    await canvas(page).dblclick({ position: { x: 500, y: 200 } });
    await nearer(page, 900);
    await canvas(page).dblclick({ position: { x: 500, y: 200 } });
    await whole(page);
  }));

test("a double click looks from nearer at a card that can be read already", () =>
  withPage(`${SITE}#s=rack-lost&t=20s`, async (page) => {
    await paused(page);
    await canvas(page).dblclick({ position: { x: 500, y: 200 } });
    await nearer(page, 140);
    await canvas(page).dblclick({ position: { x: 500, y: 200 } });
    await whole(page);
  }));

test("a click on a broker offers to look at it from nearer", () =>
  withPage(SITE + HUNDRED, async (page) => {
    await paused(page);
    await canvas(page).click({ position: { x: 500, y: 200 } });
    await page.locator(".menu").getByRole("button", { name: /^Look at broker \d+ from nearer$/ }).click();
    await nearer(page, 900);
    await page.locator(".menu").waitFor({ state: "detached" });
  }));

test("a partition is found by its name, selected and gone to", () =>
  withPage(SITE + HUNDRED, async (page) => {
    await paused(page);
    await page.keyboard.press("/");
    await page.keyboard.type("orders-17");
    const first = page.getByRole("option").first();
    await first.filter({ hasText: "orders-17 partition, led by broker" }).waitFor();
    assert.equal(await page.getByRole("option").count(), 8, "the eight best");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.getByRole("option").nth(1).getAttribute("aria-selected"), "true");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await selected(page, "orders-17");
    await nearer(page, 900);
    assert.equal(await page.evaluate(() => document.activeElement.id), "stage");
  }));

test("what has no such name is told, and Escape goes back to the stage", () =>
  withPage(SITE + HUNDRED, async (page) => {
    await paused(page);
    await page.getByRole("combobox", { name: /Find a broker/ }).fill("no such thing");
    await page.getByText("Nothing has such a name.").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.getByRole("combobox", { name: /Find a broker/ }).inputValue(), "");
    assert.equal(await page.evaluate(() => document.activeElement.id), "stage");
  }));

test("two fingers look from nearer on a phone", () =>
  withPage(SITE + HUNDRED, async (page) => {
    await alive(page);
    await page.locator(".scene").evaluate((scene) => scene.scrollTo(0, 400));
    await canvas(page).evaluate((canvas) => {
      const { left, top } = canvas.getBoundingClientRect();
      const at = (name, pointerId, x, y) =>
        canvas.dispatchEvent(new PointerEvent(name, { pointerId, pointerType: "touch", clientX: left + x, clientY: top + y, bubbles: true }));
      at("pointerdown", 1, 150, 500);
      at("pointerdown", 2, 200, 500);
      for (let step = 1; step <= 10; step += 1) {
        at("pointermove", 1, 150 - 6 * step, 500);
        at("pointermove", 2, 200 + 6 * step, 500);
      }
      at("pointerup", 1, 90, 500);
      at("pointerup", 2, 260, 500);
    });
    await nearer(page, 200);
  }, { viewport: { width: 390, height: 844 } }));

test("bars too low for a finger are large enough from near", () =>
  withPage(SITE + TWELVE, async (page) => {
    await paused(page);
    const { x, y } = await canvas(page).boundingBox();
    await page.touchscreen.tap(x + 200, y + 200);
    const menu = page.locator(".menu");
    await menu.getByText("Broker 1", { exact: true }).waitFor();
    await menu.getByRole("button", { name: "Look at broker 1 from nearer" }).click();
    await page.locator(".zoom button", { hasText: /^160 %$/ }).waitFor();
    await page.touchscreen.tap(x + 200, y + 250);
    await menu.getByText(/^clicks-\d+ on broker 1$/).waitFor();
  }, { viewport: { width: 390, height: 844 }, hasTouch: true }));
