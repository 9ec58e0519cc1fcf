// The workshop: a scenario is built part by part and as text, as a person does it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { SITE, closeShared, withPage } from "./fixture.mjs";

after(closeShared);

const alive = (page) => page.locator('.stage[aria-busy="false"]').waitFor();
const build = (page) => page.getByRole("dialog", { name: "Build" });
const source = (page) => page.getByRole("textbox", { name: "The scenario's text" });
const setting = (page, name) => page.locator(".setting", { has: page.locator(`label:text-is("${name}")`) });
/** Opens the workshop and waits for what the worker says of the text. */
const enter = async (page) => {
  await alive(page);
  await page.getByRole("button", { name: /^Build/ }).click();
  await page.getByRole("navigation", { name: "What is in it" }).getByText("Broker 1").waitFor();
};
const holds = (page, text) =>
  page.waitForFunction((text) => document.querySelector("#source")?.value.includes(text), text);
const lacks = (page, text) =>
  page.waitForFunction((text) => !document.querySelector("#source").value.includes(text), text);
const tally = (page, text) => page.locator(".tally", { hasText: text }).waitFor();
/** Writes into a field and leaves it. */
const write = async (field, value) => {
  await field.fill(value);
  await field.blur();
};
const part = (page, name) => page.locator(".part", { has: page.getByText(name, { exact: true }) });
const drop = (page, name, text) =>
  page.evaluate(
    ([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name, { type: "application/toml" }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [name, text],
  );

test("an empty tank is filled, run, and stands on the stage", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    assert.ok(await page.getByRole("button", { name: "Undo the last change" }).isDisabled(), "nothing was changed yet");
    await page.getByRole("button", { name: "New", exact: true }).click();
    await holds(page, "My own tank");
    await page.getByRole("button", { name: "Add a producer" }).click();
    await page.getByRole("alert").filter({ hasText: "add a topic first" }).waitFor();
    await page.getByRole("button", { name: "Add a broker", exact: true }).click();
    await holds(page, "brokers = 4");
    await page.getByRole("button", { name: "Add a topic" }).click();
    await page.getByRole("heading", { name: "Topic topic-1" }).waitFor();
    await page.waitForFunction(() => document.activeElement.value === "topic-1");
    await page.keyboard.type("sales");
    await page.keyboard.press("Tab");
    await holds(page, 'name = "sales"');
    await page.getByRole("button", { name: "Partitions: one more" }).click();
    await holds(page, "partitions = 4");
    await page.getByRole("button", { name: "Add a producer" }).click();
    await holds(page, 'topic = "sales"');
    await page.getByRole("button", { name: "Add a group" }).click();
    await page.getByRole("button", { name: "Members: one more" }).click();
    await holds(page, "members = 2");
    await tally(page, "ready to run");
    await page.getByRole("button", { name: "Run it" }).click();
    await build(page).waitFor({ state: "detached" });
    await page.getByRole("button", { name: /My own tank/ }).waitFor();
    await alive(page);
    await page.getByRole("tab", { name: "Kafka tools" }).click();
    await page.locator(".tools pre", { hasText: "Topic: sales" }).first().waitFor();
    await page.locator(".tools pre", { hasText: "PartitionCount: 4" }).first().waitFor();
    // The link carries it, also while time goes.
    await page.waitForFunction(() => location.hash.length > 1);
    await page.reload();
    await page.getByRole("button", { name: /My own tank/ }).waitFor();
  }));

test("a key is set with its default, range and sentence before one's eyes, warned of, and set back", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    await part(page, "web-1").click();
    await page.getByRole("heading", { name: "Producer web-1" }).waitFor();
    const linger = setting(page, "linger.ms");
    await linger.getByText("How long a batch that is not full waits for more records.").waitFor();
    await linger.getByText("Default: 5. Allowed: a whole number from 0.").waitFor();
    assert.equal(await linger.locator(".unit").textContent(), "ms");
    await write(linger.getByRole("textbox"), "20");
    await holds(page, "[producer.config]\nlinger.ms = 20");
    await setting(page, "acks").getByRole("combobox").selectOption("1");
    const notSet = await setting(page, "acks").locator("option").first().textContent();
    assert.equal(notSet, "not set (all)", "what it would be, not what it is");
    await setting(page, "acks").getByText("acks = 1: a record acknowledged by the leader is lost", { exact: false }).waitFor();
    await part(page, "web-1").getByText("warning").waitFor();
    await tally(page, "warning");
    // What Kafka refuses is an error, at its key and its line.
    await setting(page, "enable.idempotence").getByRole("combobox").selectOption("true");
    await tally(page, "1 error");
    await setting(page, "enable.idempotence").getByText("beside acks = 1", { exact: false }).waitFor();
    await page.getByRole("button", { name: "acks: back to its default" }).click();
    await lacks(page, 'acks = "1"');
    await tally(page, "ready to run");
    await linger.getByRole("button", { name: "linger.ms: back to its default" }).click();
    await lacks(page, "linger.ms");
  }));

test("every other key of Kafka is found by search, and is said to be without effect", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    await part(page, "Cluster").click();
    await page.getByRole("searchbox", { name: "Search Kafka's keys" }).fill("num.io");
    const row = setting(page, "num.io.threads");
    await row.getByText("without effect here", { exact: false }).waitFor();
    await write(row.getByRole("textbox"), "4");
    await holds(page, "num.io.threads = 4");
    await page.locator(".findings li", { hasText: "has no effect here" }).waitFor();
  }));

test("an error in the text stands at its line, the form keeps what was right, and undo brings it back", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    const right = await source(page).inputValue();
    const wrong = right.replace("partitions = 3", "partitions = many");
    const line = right.split("\n").findIndex((text) => text === "partitions = 3") + 1;
    await source(page).fill(wrong);
    await page.locator(".findings li", { hasText: `Line ${line}, error` }).waitFor();
    await page.getByText("This is how it was before.").waitFor();
    assert.equal(await source(page).inputValue(), wrong, "nothing of the text is lost");
    assert.ok((await page.locator(".lines .extent").boundingBox()).height > 19, "the part that is shown has its lines marked");
    const place = await page.locator(".lines .mark-bad").evaluate((mark) => mark.style.top);
    assert.equal(place, `${(line - 1) * 19}px`);
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByRole("alert").filter({ hasText: "It cannot run yet" }).waitFor();
    assert.ok(await build(page).isVisible());
    await page.locator(".findings button").first().click();
    const selected = await source(page).evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd));
    assert.equal(selected, "partitions = many");
    await page.getByRole("button", { name: "Undo the last change" }).click();
    await tally(page, "ready to run");
    assert.equal(await source(page).inputValue(), right);
    await page.getByRole("button", { name: "Redo the last change" }).click();
    await tally(page, "error");
    await page.getByRole("button", { name: "Reset" }).click();
    await tally(page, "ready to run");
    assert.equal(await source(page).inputValue(), right);
    // A key that Kafka does not have is shown the nearest.
    await source(page).fill(right.replace("min.insync.replicas", "min.insinc.replicas"));
    await page.locator(".findings li", { hasText: "the nearest is min.insync.replicas" }).waitFor();
  }));

test("parts are added, renamed and removed, and what speaks of them follows", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    await page.getByRole("button", { name: "Add a broker in rack b" }).click();
    await page.getByRole("heading", { name: "Broker 4" }).waitFor();
    await holds(page, 'racks = ["a", "b", "c", "b"]');
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await holds(page, "brokers = 3");
    await part(page, "Rack c").click();
    await write(setting(page, "Name").getByRole("textbox"), "east");
    await holds(page, 'rack = "east"');
    await part(page, "clicks").click();
    await write(setting(page, "Name").getByRole("textbox"), "views");
    await holds(page, 'topics = ["views"]');
    await holds(page, 'select = "views-0"');
    await part(page, "dashboard").click();
    await page.getByRole("heading", { name: "Group dashboard" }).waitFor();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await lacks(page, "[[group]]");
    await page.getByRole("button", { name: "Add an event" }).click();
    await page.getByRole("heading", { name: "Event" }).waitFor();
    await write(setting(page, "What happens").getByRole("textbox"), "crash brocker 1");
    await page.locator(".findings li", { hasText: "is no command" }).waitFor();
  }));

test("a draft survives a reload, and is discarded on purpose", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    await part(page, "clicks").click();
    await write(setting(page, "Partitions").getByRole("textbox"), "7");
    await holds(page, "partitions = 7");
    await page.getByText("Your draft of Website activity tracking", { exact: false }).waitFor();
    await page.reload();
    await alive(page);
    await page.getByRole("button", { name: "Build (draft)" }).click();
    await holds(page, "partitions = 7");
    await page.getByRole("button", { name: "Reset" }).click();
    await holds(page, "partitions = 3");
    await page.getByRole("button", { name: "Undo the last change" }).click();
    await holds(page, "partitions = 7");
    await page.getByRole("button", { name: "Discard draft" }).click();
    await holds(page, "partitions = 3");
    await page.reload();
    await alive(page);
    assert.equal(await page.getByRole("button", { name: /^Build/ }).textContent(), "Build");
  }));

test("a file is dropped or chosen, and what is downloaded opens again", () =>
  withPage(SITE, async (page) => {
    await alive(page);
    const text = '# Mine.\nformat = 1\ntitle = "From a file"\n[cluster]\nbrokers = 2 # two\n[[topic]]\nname = "t"\n';
    await drop(page, "mine.toml", text);
    await build(page).waitFor();
    await page.getByText("Your draft of mine.toml", { exact: false }).waitFor();
    assert.equal(await source(page).inputValue(), text);
    await page.getByRole("button", { name: "Add a broker", exact: true }).click();
    await holds(page, "brokers = 3 # two");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download" }).click(),
    ]);
    assert.equal(download.suggestedFilename(), "from-a-file.toml");
    const saved = await readFile(await download.path(), "utf8");
    assert.equal(saved, text.replace("brokers = 2", "brokers = 3"));
    await page.getByRole("button", { name: "New", exact: true }).click();
    await holds(page, "My own tank");
    await page.locator('input[type="file"]').setInputFiles({ name: "again.toml", mimeType: "application/toml", buffer: Buffer.from(saved) });
    await holds(page, "From a file");
    assert.equal(await source(page).inputValue(), saved);
  }));

test("a file that is no scenario is refused where it can be read, and nothing is lost", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    const text = await source(page).inputValue();
    const refused = (sentence) => page.getByRole("alert").filter({ hasText: sentence }).waitFor();
    await drop(page, "large.toml", "#".repeat(65_537));
    await refused("large.toml is too large for a scenario: at most 64 KiB of text.");
    await drop(page, "picture.png", "\u0089PNG\r\n\u001a\n\u0000\u0000");
    await refused("picture.png is not a text file.");
    assert.equal(await source(page).inputValue(), text);
    // Whoever holds a file over the page sees where it would go.
    const held = (kind) =>
      page.evaluate((kind) => {
        const data = new DataTransfer();
        data.items.add(new File(["x"], "x.toml"));
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
        return getComputedStyle(document.querySelector("dialog"), "::after").content;
      }, kind);
    assert.match(await held("dragover"), /Drop a scenario file/);
    assert.equal(await held("dragleave"), "none");
  }));

test("what cannot be read leaves list, form and line numbers where they belong", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    await part(page, "View").click();
    await page.getByRole("heading", { name: "View", exact: true }).waitFor();
    const tops = () =>
      page.evaluate(() => [new DOMMatrix(getComputedStyle(document.querySelector(".lines > div")).transform).f, -document.querySelector("#source").scrollTop]);
    const [shift] = await tops();
    assert.ok(shift < 0, "the text was scrolled to the part");
    await drop(page, "short.toml", "format = x\n");
    await tally(page, "error");
    await page.waitForFunction(() => !/-/.test(document.querySelector(".lines > div").style.transform));
    const [after, scrolled] = await tops();
    assert.equal(Math.abs(after), Math.abs(scrolled));
    assert.equal(await page.locator(".part.chosen b").textContent(), await page.locator(".settings h3").first().textContent());
  }));

test("time waits while somebody builds, and goes on if it went before", () =>
  withPage(SITE, async (page) => {
    const clock = () => page.locator("#clock").textContent();
    const goes = (from) => page.waitForFunction((from) => document.querySelector("#clock").textContent !== from, from);
    await enter(page);
    await page.waitForTimeout(300);
    const before = await clock();
    await page.waitForTimeout(1_000);
    assert.equal(await clock(), before);
    await page.keyboard.press("Escape");
    await goes(before);
    await page.getByRole("button", { name: "Pause" }).click();
    await enter(page);
    await page.keyboard.press("Escape");
    await build(page).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Play" }).waitFor();
  }));

test("the workshop is worked by the keyboard alone", () =>
  withPage(SITE, async (page) => {
    await enter(page);
    await part(page, "clicks").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Topic clicks" }).waitFor();
    const field = setting(page, "Partitions").getByRole("textbox");
    await field.focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("5");
    await page.keyboard.press("Tab");
    await holds(page, "partitions = 5");
    // The focus is where Tab has brought it, though the form says something new.
    const reached = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    assert.equal(reached, "Partitions: one more");
    await page.keyboard.press("Control+z");
    await holds(page, "partitions = 3");
    await source(page).focus();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText("seed = 3");
    await tally(page, "error");
    await page.keyboard.press("Control+z");
    await tally(page, "ready to run");
    // A button that goes leaves the focus to what is shown now.
    const chosen = () => page.waitForFunction(() => document.activeElement.matches(".part.chosen"));
    await part(page, "dashboard").click();
    await page.getByRole("button", { name: "Remove", exact: true }).focus();
    await page.keyboard.press("Enter");
    await lacks(page, "[[group]]");
    await chosen();
    await page.getByRole("button", { name: "Discard draft" }).focus();
    await page.keyboard.press("Enter");
    await holds(page, "[[group]]");
    await chosen();
    await page.keyboard.press("Escape");
    await build(page).waitFor({ state: "detached" });
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Build/);
  }));

test("on a phone parts, settings and text are one beside another", () =>
  withPage(
    SITE,
    async (page) => {
      await alive(page);
      await page.getByRole("button", { name: /Website activity tracking/ }).click();
      await page.getByRole("button", { name: "Build your own…" }).click();
      await part(page, "clicks").click();
      await page.getByRole("heading", { name: "Topic clicks" }).waitFor();
      await page.getByRole("button", { name: "Partitions: one more" }).click();
      await page.getByRole("button", { name: "Text", exact: true }).click();
      await holds(page, "partitions = 4");
      assert.ok(await source(page).isVisible());
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    },
    { viewport: { width: 390, height: 844 } },
  ));

test("a workshop that does not come says so, and comes when asked again", () =>
  withPage(
    SITE,
    async (page, { faults }) => {
      await alive(page);
      await page.route("**/workshop.js*", (route) => route.abort(), { times: 1 });
      await page.getByRole("button", { name: /^Build/ }).click();
      await page.getByText("The workshop could not be loaded.", { exact: false }).waitFor();
      await page.keyboard.press("Escape");
      await build(page).waitFor({ state: "detached" });
      await enter(page);
      assert.ok(faults.length > 0 && faults.every((fault) => /workshop|Failed to load|ERR_FAILED/.test(fault)), faults.join("; "));
    },
    { expectFaults: true },
  ));
