// The charts and the metrics, as a person meets them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { SITE, closeShared, withPage } from "./fixture.mjs";

after(closeShared);

const clock = async (page) => Number((await page.locator("#clock").textContent()).replace(/[ s]/g, ""));

/** For each chart, how many of its pixels differ from the panel's colour in its corner. */
const drawn = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".plot canvas")].map((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 4; at < data.length; at += 4) {
        count += [0, 1, 2].some((part) => Math.abs(data[at + part] - data[part]) > 24) ? 1 : 0;
      }
      return count;
    }),
  );

const CRASHED = `${SITE}#s=website-activity&seed=42&t=45s&do=20s+crash+broker+1`;
const standsAt = (page, second) =>
  page.waitForFunction((second) => Number(document.querySelector("#clock")?.textContent.replace(/[ s]/g, "")) >= second, second);
const value = (page, chart, line) => page.locator(".charts figure").nth(chart).locator(".legend li", { hasText: line }).locator("b");
const figures = (page) => page.getByRole("button", { name: "Metrics as a table and as CSV" });

for (const deviceScaleFactor of [1, 2]) {
  test(`four charts are drawn, pixel for pixel, at device scale ${deviceScaleFactor}`, () =>
    withPage(
      CRASHED,
      async (page) => {
        await standsAt(page, 45);
        await page.keyboard.press("Space");
        await value(page, 2, "under-replicated").filter({ hasText: "53" }).waitFor();
        await page.waitForTimeout(500);
        const counts = await drawn(page);
        assert.equal(counts.length, 4);
        counts.forEach((count, at) => assert.ok(count > 700 * deviceScaleFactor, `chart ${at}: ${count} pixels`));
        const sharp = await page.evaluate(() =>
          [...document.querySelectorAll(".plot canvas")].every((canvas) => {
            const { width, height } = canvas.getBoundingClientRect();
            return Math.abs(canvas.width - width * devicePixelRatio) < 0.01 && Math.abs(canvas.height - height * devicePixelRatio) < 0.01;
          }),
        );
        assert.ok(sharp, "a pixel of a chart is a pixel of the screen");
      },
      { deviceScaleFactor },
    ));
}

test("pointing at a chart reads its values at that moment in all four, a click goes there", () =>
  withPage(CRASHED, async (page) => {
    await standsAt(page, 45);
    await page.keyboard.press("Space");
    await value(page, 2, "under-replicated").filter({ hasText: "53" }).waitFor();
    const over = await page.locator(".plot .over").nth(1).boundingBox();
    // The line of time is 60 s long: a quarter of it is 15 s, before the crash.
    await page.mouse.move(over.x + over.width / 4, over.y + 20);
    await value(page, 2, "under-replicated").filter({ hasText: /^0$/ }).waitFor();
    const readings = await page.locator(".reading b").allTextContents();
    assert.ok(readings.length === 5 && readings.every((text) => text === readings[0] && Math.abs(parseFloat(text) - 15) < 0.3), `${readings}`);
    assert.ok(Number(await value(page, 1, "in, /s").textContent()) > 10, "records come in at 15 s");
    await page.mouse.click(over.x + over.width / 4, over.y + 20);
    await page.waitForFunction(() => Math.abs(Number(document.querySelector("#clock")?.textContent.replace(/[ s]/g, "")) - 15) < 0.5);
    const left = (selector) => page.locator(selector).first().evaluate((element) => parseFloat(element.style.left));
    assert.ok(Math.abs((await left(".plot .head")) - (await left(".line .head"))) < 0.1, "charts and timeline share the playhead");
    await page.mouse.move(0, 0);
    await page.locator(".reading").first().waitFor({ state: "detached" });
    // Whoever points at the timeline reads the charts, too.
    const line = await page.locator(".line").boundingBox();
    await page.mouse.move(line.x + line.width * 0.75, line.y + 30);
    await value(page, 2, "under-replicated").filter({ hasText: "53" }).waitFor();
    assert.equal(await page.locator(".plot .reading").count(), 4);
    assert.ok(Math.abs((await left(".plot .reading")) - 75) < 0.5 && Math.abs((await left(".line .reading")) - 75) < 0.5);
    assert.ok((await clock(page)) < 16, "pointing moves no time");
  }));

test("where the playhead stands partitions are counted now, not up to a second ago", () =>
  withPage(`${SITE}#s=website-activity&seed=42&t=30.2s&do=20s+crash+broker+1`, async (page) => {
    await page.locator('.stage[aria-busy="false"]').waitFor();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();
    const fenced = page.locator(".story button", { hasText: "The controller fenced broker 1" });
    await page.getByRole("tab", { name: "Story" }).click();
    await fenced.click();
    const row = page.locator(".state div", { hasText: "UnderReplicatedPartitions" }).locator("dd");
    await page.getByRole("tab", { name: "Inspect" }).click();
    await page.locator(".stage canvas").click({ position: { x: 5, y: 300 } });
    await row.filter({ hasText: "53" }).waitFor();
    assert.ok((await clock(page)) % 1 > 0.02, "the last sample is of before");
    assert.equal(await value(page, 2, "under-replicated").textContent(), "53");
  }));

test("after a click into a chart the arrow keys still move time", () =>
  withPage(CRASHED, async (page) => {
    await standsAt(page, 45);
    await page.keyboard.press("Space");
    await page.getByRole("slider", { name: "Partitions in trouble" }).click();
    await page.waitForTimeout(300);
    const before = await clock(page);
    assert.ok(before < 44, "the click goes there");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((to) => Number(document.querySelector("#clock").textContent.replace(/[ s]/g, "")) > to, before + 0.9);
  }));

test("a chart is read by the keyboard, and Enter goes there", () =>
  withPage(CRASHED, async (page) => {
    await standsAt(page, 45);
    await page.keyboard.press("Space");
    await value(page, 2, "under-replicated").filter({ hasText: "53" }).waitFor();
    const plot = page.getByRole("slider", { name: "Partitions in trouble" });
    await plot.focus();
    await page.keyboard.press("Home");
    for (let i = 0; i < 18; i += 1) await page.keyboard.press("ArrowRight");
    assert.match(await plot.getAttribute("aria-valuetext"), /^at 19\.0 s: under-replicated 0, /);
    for (let i = 0; i < 2; i += 1) await page.keyboard.press("ArrowLeft");
    assert.match(await plot.getAttribute("aria-valuetext"), /^at 17\.0 s: /);
    assert.ok((await clock(page)) >= 45, "reading moves no time");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#clock")?.textContent.startsWith("17.000"));
  }));

test("lag is by group, and by partition with a group selected", () =>
  withPage(SITE, async (page, { url }) => {
    await page.locator(".charts figcaption", { hasText: "Lag at clicks-0 (from committed)" }).waitFor();
    const labels = page.locator(".charts figure").first().locator(".legend li span");
    assert.deepEqual(await labels.allTextContents(), ["dashboard"]);
    await page.goto("about:blank");
    await page.goto(`${url}#s=website-activity&select=group+dashboard&t=30s`);
    await page.locator(".charts figcaption", { hasText: "Lag of dashboard" }).waitFor();
    assert.deepEqual(await labels.allTextContents(), ["clicks-0", "clicks-1", "clicks-2"]);
  }));

test("the metrics are a table under Kafka's names, and a CSV to download and to copy", () =>
  withPage(
    CRASHED,
    async (page) => {
      await standsAt(page, 45);
      await page.keyboard.press("Space");
      await value(page, 2, "under-replicated").filter({ hasText: "53" }).waitFor();
      await figures(page).click();
      const row = page.getByRole("dialog").getByRole("row", { name: /UnderReplicatedPartitions/ });
      assert.match(await row.textContent(), /^UnderReplicatedPartitions5353partitions$/);
      const saved = page.waitForEvent("download");
      await page.getByRole("button", { name: "Download CSV" }).click();
      const download = await saved;
      assert.equal(download.suggestedFilename(), "kafkarium-metrics.csv");
      const csv = await readFile(await download.path(), "utf8");
      const lines = csv.trimEnd().split("\r\n");
      assert.match(lines[0], /^time \[s\],MessagesInPerSec \[records\/s\],BytesInPerSec \[bytes\/s\],records-waiting \[records\],/);
      assert.match(lines[0], /,UnderReplicatedPartitions \[partitions\],.*,produce-latency-p99 \[ms\],.*,LAG dashboard clicks-0 \[records\]$/);
      assert.equal(lines[1].split(",")[0], "1");
      assert.ok(lines.length >= 45, "a line for every second known");
      assert.ok(lines.every((line) => line.split(",").length === lines[0].split(",").length));
      await page.getByRole("button", { name: "Copy CSV" }).click();
      await page.locator(".notice", { hasText: "clipboard" }).waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), csv);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    },
    { permissions: ["clipboard-read", "clipboard-write"] },
  ));
