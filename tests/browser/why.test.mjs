// "Why?": asked of a line of the story and of a finding, read, followed to its moments; with the mouse, by the keyboard,
// on a phone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { SITE, closeShared, withPage } from "./fixture.mjs";

after(closeShared);

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// A leader dies at 20 s, the next one leads from 28.125 s; the clock stands behind all of it.
const DIED = `${SITE}#s=leader-dies-acks-1&t=45s`;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };

/** The clock shows this moment, to the millisecond. */
const stands = (page, moment) =>
  page.waitForFunction((moment) => document.querySelector("#clock")?.textContent.startsWith(moment), moment);
const pause = async (page) => {
  await page.locator('.stage[aria-busy="false"]').waitFor();
  const pause = page.getByRole("button", { name: "Pause" });
  if (await pause.isVisible()) await pause.click();
  await page.getByRole("button", { name: "Play" }).waitFor();
};
const story = async (page) => {
  await pause(page);
  await page.getByRole("tab", { name: "Story" }).click();
  const line = page.locator(".story > li", { hasText: "Broker 3 now leads orders-0" });
  await line.waitFor();
  return line;
};
const why = (line) => line.getByRole("button", { name: "Why?" });
const steps = (line) => line.locator(".chain li");

test("a leader change is asked why, and each step of the chain is gone to", () =>
  withPage(DIED, async (page) => {
    const line = await story(page);
    assert.equal(await why(line).getAttribute("aria-expanded"), "false");
    await why(line).click();
    await steps(line).first().waitFor();
    assert.equal(await why(line).getAttribute("aria-expanded"), "true");
    await line.getByRole("heading", { name: "Why broker 3 leads orders-0 (leader epoch 1)" }).waitFor();
    const told = await steps(line).allTextContents();
    assert.match(told[0], /^18\.018The last heartbeat of broker 2 reached the controller\./);
    assert.match(told[1], /^20\.000Command: crash broker 2\./);
    assert.match(told[2], /broker\.session\.timeout\.ms=9000brokers$/);
    assert.match(told[3], /^28\.125Broker 3 became the leader of orders-0/);
    assert.match(told.at(-1), /The first write to the new leader was acknowledged to producer checkout/);
    await line.getByRole("heading", { name: "What came of it" }).waitFor();
    assert.equal(await line.locator(".chain .event").textContent(), told[3]);
    await steps(line).first().getByRole("button").click();
    await stands(page, "18.018");
    await page.getByRole("tab", { name: "Inspect" }).click();
    await page.getByRole("heading", { name: "Broker 2" }).waitFor();
    // It is still open when one comes back, and closes by its own button.
    await page.getByRole("tab", { name: "Story" }).click();
    await steps(line).first().waitFor();
    await why(line).click();
    await steps(line).first().waitFor({ state: "detached" });
  }));

test("one chain at a time, and lines without a cause cannot be asked", () =>
  withPage(DIED, async (page) => {
    const line = await story(page);
    const lost = page.locator(".story > li", { hasText: "lost although acknowledged" });
    const command = page.locator(".story > li", { hasText: "Command: crash broker 2." }).first();
    assert.equal(await why(command).count(), 0);
    await why(line).click();
    await steps(line).first().waitFor();
    await why(lost).click();
    await steps(lost).first().waitFor();
    assert.equal(await steps(line).count(), 0);
    const told = (await steps(lost).allTextContents()).join("\n");
    assert.match(told, /Broker 2, the leader, appended it at offset 386/);
    assert.match(told, /acks=1producer checkout/);
    assert.match(told, /the record is lost\. Broker 2 still has it/);
  }));

test("a finding of the audit is asked by the keyboard alone", () =>
  withPage(DIED, async (page) => {
    await pause(page);
    await page.getByRole("tab", { name: "Audit" }).click();
    const finding = page.locator(".finding");
    await finding.locator("summary").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Why?");
    await page.keyboard.press("Enter");
    await steps(finding).first().waitFor();
    await page.keyboard.press("Tab");
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^16\.000Command: slow links/);
    await page.keyboard.press("Enter");
    await stands(page, "16.000");
    // Nothing was found at that moment yet.
    await finding.waitFor({ state: "detached" });
  }));

test("what comes of it is told as the run goes on, and undo takes the answer back", () =>
  withPage(`${SITE}#s=leader-dies-acks-all&t=28.5s&do=19s+crash+broker+3`, async (page) => {
    await pause(page);
    await page.getByRole("tab", { name: "Story" }).click();
    const line = page.locator(".story > li", { hasText: "now leads orders-0" });
    await why(line).click();
    await steps(line).first().waitFor();
    await line.locator(".chain", { hasText: "first write" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo the last command" }).click();
    await page.locator(".notice", { hasText: "Taken back" }).waitFor();
    await line.waitFor({ state: "detached" });
  }));

/** An open chain, seen by axe-core; nothing of it hangs out of its box. */
const clean = (options) =>
  withPage(
    DIED,
    async (page) => {
      const line = await story(page);
      await why(line).click();
      await steps(line).first().waitFor();
      await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== "running"));
      await page.evaluate(axe);
      const found = await page.evaluate(async () => {
        const { violations } = await window.axe.run(document, { rules: { "target-size": { enabled: true } } });
        return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
      });
      assert.deepEqual(found, []);
      const wide = await page.locator(".chain").evaluate((chain) => chain.scrollWidth > chain.clientWidth);
      assert.equal(wide, false);
      const least = options.hasTouch ? 44 : 24;
      for (const button of await line.getByRole("button").all()) {
        assert.ok((await button.boundingBox()).height >= least, await button.textContent());
      }
    },
    options,
  );

test("an open chain is clean on a desk, light", () => clean({ colorScheme: "light" }));

test("an open chain is clean on a desk, dark", () => clean({ colorScheme: "dark" }));

test("an open chain is clean on a phone, light", () => clean({ ...PHONE, colorScheme: "light" }));

test("an open chain is clean on a phone, dark", () => clean({ ...PHONE, colorScheme: "dark" }));
