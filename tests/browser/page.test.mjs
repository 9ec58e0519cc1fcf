// The page, as a person meets it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { SITE, closeShared, withPage } from "./fixture.mjs";

after(closeShared);

const clock = async (page) => Number((await page.locator("#clock").textContent()).replace(/[ s]/g, ""));
const opened = (page) => page.getByRole("button", { name: /Website activity tracking/ }).waitFor();
const moves = (page) => page.waitForFunction((from) => (document.querySelector("#clock")?.textContent ?? from) !== from, "0.000 000 s");
/** How many pixels of the stage are not the ground's colour. */
const painted = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector(".stage canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 3; at < data.length; at += 4) count += data[at] > 0 ? 1 : 0;
    return count;
  });
/** Selects broker 1 by clicking its card. */
const clickBroker = (page) => page.locator(".stage canvas").click({ position: { x: 340, y: 60 } });

test("the page opens on the first scenario and moves", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    const first = await clock(page);
    assert.ok(first >= 12, "it begins mid-life");
    await page.waitForTimeout(500);
    assert.ok((await clock(page)) > first, "time goes by");
    assert.ok((await painted(page)) > 50_000, "the stage is drawn");
    assert.match(await page.title(), /Kafkarium/);
  }));

test("space pauses and plays, a full stop steps on, a comma back", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Play" }).waitFor();
    await page.waitForTimeout(200);
    const paused = await clock(page);
    await page.waitForTimeout(300);
    assert.equal(await clock(page), paused);
    await page.keyboard.press(".");
    await page.waitForFunction((from) => Number(document.querySelector("#clock")?.textContent.replace(/[ s]/g, "")) > from, paused);
    const stepped = await clock(page);
    assert.ok(stepped > paused);
    await page.keyboard.press(",");
    await page.waitForTimeout(400);
    assert.ok((await clock(page)) < stepped);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Pause" }).waitFor();
  }));

test("a key holds a fixed speed, another goes back to story pace", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    const storyPace = (pressed) => page.locator(`.speed button[aria-pressed="${pressed}"]`, { hasText: "Story pace" }).waitFor();
    await storyPace(true);
    await page.keyboard.press("]");
    await storyPace(false);
    const speed = page.locator("#speed");
    const fixed = await speed.textContent();
    await page.locator(".stage canvas").click({ position: { x: 340, y: 60 } });
    await page.locator(".menu").getByRole("button", { name: "Crash broker 1" }).click();
    await page.locator(".caption", { hasText: "crash broker 1" }).waitFor();
    await page.waitForTimeout(1_000);
    assert.equal(await speed.textContent(), fixed, "what happens does not slow it");
    await page.keyboard.press("s");
    await storyPace(true);
    // Nine seconds until the controller misses its heartbeats: they pass quickly, and are counted.
    await page.locator(".flies", { hasText: /^[2-9] s pass$/ }).waitFor();
  }));

test("however fast time goes the caption can be read, in two sentences at most", () =>
  withPage(`${SITE}#s=rack-lost&t=47s`, async (page) => {
    await page.locator('.stage[aria-busy="false"]').waitFor();
    while ((await page.locator("#speed").textContent()) !== "5× real time") await page.keyboard.press("]");
    const seen = await page.evaluate(
      () =>
        new Promise((done) => {
          const caption = document.querySelector(".caption p");
          const seen = [{ text: caption.textContent, at: performance.now() }];
          const look = () => {
            const text = caption.textContent;
            if (text !== seen.at(-1).text) seen.push({ text, at: performance.now() });
          };
          new MutationObserver(look).observe(caption, { subtree: true, childList: true, characterData: true });
          setTimeout(() => done(seen), 9_000);
        }),
    );
    assert.ok(seen.length >= 3, `it says what happens: ${JSON.stringify(seen)}`);
    for (const [at, { text }] of seen.entries()) {
      assert.ok(text.trim().split(/[.!?](?= |$)/).filter(Boolean).length <= 2, text);
      // The first of them stood there before somebody looked.
      if (at >= 2) assert.ok(seen[at].at - seen[at - 1].at >= 1_700, `${seen[at - 1].text} was replaced too soon`);
    }
  }));

test("a broker is crashed where it stands, the story tells it, and undo takes it back", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await clickBroker(page);
    await page.getByRole("heading", { name: "Broker 1" }).waitFor();
    await page.locator(".menu").getByRole("button", { name: "Crash broker 1" }).click();
    await page.locator(".caption", { hasText: "crash broker 1" }).waitFor();
    await page.getByRole("tab", { name: "Story" }).click();
    await page.locator(".story li", { hasText: "crash broker 1" }).waitFor();
    await page.locator(".mark").first().waitFor();
    await page.getByRole("button", { name: "Undo the last command" }).click();
    await page.locator(".notice", { hasText: "Taken back" }).waitFor();
    await page.locator(".story li", { hasText: "crash broker 1" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Do the last command again" }).click();
    await page.locator(".story li", { hasText: "crash broker 1" }).waitFor();
  }));

test("Space after a command from the panel pauses, and does not do what its button has become", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await clickBroker(page);
    const commands = page.locator(".commands");
    await commands.getByRole("button", { name: "Crash broker 1" }).click();
    await commands.getByRole("button", { name: "Start broker 1" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "panel");
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();
    assert.match(await page.locator(".notice").textContent(), /^Done: crash broker 1/);
    // Whoever stands on a button that becomes another by itself is led away from it as well.
    await commands.getByRole("button", { name: "Start broker 1" }).focus();
    await page.keyboard.press("u");
    await commands.getByRole("button", { name: "Crash broker 1" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "panel");
  }));

test("the story is of the whole cluster, of what is selected, or of one kind", () =>
  withPage(`${SITE}#s=leader-dies-acks-all&t=40s`, async (page) => {
    await page.locator('.stage[aria-busy="false"]').waitFor();
    await page.getByRole("tab", { name: "Story" }).click();
    const lines = page.locator(".story > li");
    const shows = page.getByLabel("Which lines are shown");
    const leads = lines.filter({ hasText: "Broker 3 now leads orders-0" });
    const crash = lines.filter({ hasText: "crash machine of broker 2" });
    await leads.waitFor();
    await crash.waitFor();
    await shows.selectOption("Commands and faults");
    await leads.waitFor({ state: "detached" });
    await crash.waitFor();
    await shows.selectOption("What is selected");
    await clickBroker(page);
    await crash.waitFor({ state: "detached" });
    await page.getByRole("tab", { name: "Story" }).click();
    assert.equal(await shows.inputValue(), "1", "the choice stays");
    await shows.selectOption("Brokers, leaders, ISR");
    await leads.waitFor();
    assert.equal(await crash.count(), 0);
    await shows.selectOption("Everything");
    await crash.waitFor();
  }));

test("the line scrubs both ways, and an election can be watched", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.getByRole("button", { name: /Website activity/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=all/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=all ▾/ }).waitFor();
    await page.keyboard.press("Space");
    const line = await page.locator(".line").boundingBox();
    const drag = async (part) => {
      await page.mouse.move(line.x + line.width * 0.4, line.y + line.height / 2);
      await page.mouse.down();
      await page.mouse.move(line.x + line.width * part, line.y + line.height / 2, { steps: 4 });
      await page.mouse.up();
    };
    await drag(0.5);
    await page.getByRole("tab", { name: "Story" }).click();
    await page.locator(".story li", { hasText: "Broker 3 now leads orders-0" }).waitFor();
    const later = await clock(page);
    await drag(0.2);
    await page.waitForTimeout(300);
    assert.ok((await clock(page)) < later);
    await page.locator(".story li.to-come", { hasText: "Broker 3 now leads orders-0" }).waitFor();
    await page.locator(".story li button", { hasText: "Broker 3 now leads orders-0" }).click();
    await page.locator(".caption", { hasText: "Broker 3 now leads orders-0" }).waitFor();
  }));

test("acknowledged records that are lost are named, and the page says that links were slowed", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await page.getByRole("button", { name: /Website activity/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=1/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=1 ▾/ }).waitFor();
    await page.keyboard.press("Space");
    for (let i = 0; i < 2; i += 1) await page.keyboard.press("Shift+ArrowRight");
    await page.getByRole("tab", { name: "Audit" }).click();
    const finding = page.locator(".finding", { hasText: "lost" });
    await finding.waitFor();
    await finding.locator("summary").click();
    await finding.getByText(/had slowed the links/).waitFor();
    const record = finding.getByRole("button", { name: /^offset \d+: / }).first();
    const key = (await record.textContent()).match(/^offset \d+: (\S+)/)[1];
    await record.click();
    await page.locator(".record b", { hasText: key }).waitFor();
    await page.locator(".fate.bad", { hasText: "Lost" }).waitFor();
  }));

test("a link brings the same moment back", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await clickBroker(page);
    await page.locator(".menu").getByRole("button", { name: "Crash broker 1" }).click();
    await page.locator(".notice", { hasText: "Done" }).waitFor();
    await page.keyboard.press("Space");
    await page.keyboard.press("Shift+ArrowRight");
    await page.waitForFunction(() => location.hash.length > 1);
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.locator(".notice", { hasText: "clipboard" }).waitFor();
    const at = await clock(page);
    await page.reload();
    await opened(page);
    await page.waitForFunction((at) => Number(document.querySelector("#clock")?.textContent.replace(/[ s]/g, "")) >= at, at);
    // Who has paused finds it so.
    await page.getByRole("button", { name: "Play" }).waitFor();
    await page.getByRole("tab", { name: "Story" }).click();
    await page.locator(".story li", { hasText: "crash broker 1" }).waitFor();
  }));

test("a moment gone to while time stands is there again after a reload", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Play" }).waitFor();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await page.waitForFunction(() => Number(document.querySelector("#clock").textContent.replace(/[ s]/g, "")) > 30);
    const there = await clock(page);
    await page.waitForFunction((second) => location.hash.includes(`t=${second}`), Math.floor(there));
    await page.reload();
    await page.locator('.stage[aria-busy="false"]').waitFor();
    assert.ok(Math.abs((await clock(page)) - there) < 0.01, "it stands where it stood");
  }));

test("the keys of the page work with the focus on a slider, and a list takes its letters", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.getByLabel("Speed").click();
    await page.locator('.speed button[aria-pressed="false"]', { hasText: "Story pace" }).waitFor();
    await page.keyboard.press("s");
    await page.locator('.speed button[aria-pressed="true"]', { hasText: "Story pace" }).waitFor();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Play" }).waitFor();
    const paused = await clock(page);
    await page.keyboard.press("ArrowRight");
    await page.locator('.speed button[aria-pressed="false"]', { hasText: "Story pace" }).waitFor();
    assert.equal(await clock(page), paused, "an arrow is the slider's own");
    await page.getByRole("tab", { name: "Story" }).click();
    await page.locator("#panel select").focus();
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme ?? "");
    const before = await theme();
    await page.keyboard.press("t");
    assert.equal(await theme(), before);
  }));

test("time waits behind the help, and goes on after it", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keys and help" }).waitFor();
    const held = await clock(page);
    await page.waitForTimeout(600);
    assert.equal(await clock(page), held);
    await page.keyboard.press("Escape");
    await page.waitForFunction((held) => Number(document.querySelector("#clock").textContent.replace(/[ s]/g, "")) > held, held);
  }));

test("another run is known no further than it is seen", () =>
  withPage(`${SITE}#s=website-activity&t=40s`, async (page) => {
    await opened(page);
    await moves(page);
    await page.getByRole("button", { name: /Website activity tracking/ }).click();
    await page.getByRole("button", { name: /without keys/i }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    // It begins at 12 s of 60.
    await page.waitForFunction(() => parseFloat(document.querySelector(".head").style.left) < 25);
    const percent = (name, side) => page.evaluate(([name, side]) => parseFloat(document.querySelector(name).style[side]), [name, side]);
    const [known, head] = [await percent(".known", "width"), await percent(".head", "left")];
    assert.ok(known < head + 5, `known to ${known} %, shown ${head} %`);
  }));

const refuses = (hash) =>
  withPage(`${SITE}${hash}`, async (page) => {
    await page.getByRole("alert").filter({ hasText: "This link cannot be opened" }).waitFor();
    await opened(page);
    await moves(page);
  });

test("a link of nonsense opens a working page with one sentence", () => refuses("#this-is-no-link"));

test("a link of a later version opens a working page with one sentence", () => refuses("#9~abc"));

test("an endless link opens a working page with one sentence", () => refuses(`#1~${"A".repeat(200_000)}`));

test("light and dark are chosen by a button and survive a reload", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme ?? "");
    await page.locator("#theme").click();
    assert.equal(await theme(), "light");
    await page.locator("#theme").click();
    assert.equal(await theme(), "dark");
    await page.reload();
    await opened(page);
    assert.equal(await theme(), "dark");
  }));

test("everything can be reached by the keyboard", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.locator(".stage canvas").focus();
    for (let i = 0; i < 4; i += 1) await page.keyboard.press("Tab");
    await page.getByRole("heading", { name: "Broker 1" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".menu").getByRole("button", { name: "Crash broker 1" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".menu").waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("4");
    await page.locator(".tools", { hasText: "kafka-topics.sh --describe" }).waitFor();
  }));

test("a worker that dies is started again once, paused where it stood, and the page offers the link", () =>
  withPage(
    SITE,
    async (page) => {
      await opened(page);
      await moves(page);
      await clickBroker(page);
      await page.locator(".menu").getByRole("button", { name: "Crash broker 1" }).click();
      await page.locator(".notice", { hasText: "Done" }).waitFor();
      await page.keyboard.press("Space");
      await page.waitForFunction(() => location.hash.length > 1);
      const at = await clock(page);
      const kill = () => page.workers()[0].evaluate(() => setTimeout(() => { throw new Error("killed by a test"); }, 0));
      await kill();
      await page.getByRole("alert").filter({ hasText: /started again, paused/ }).waitFor();
      await page.getByRole("button", { name: "Play" }).waitFor();
      await page.waitForTimeout(1_500);
      assert.ok(Math.abs((await clock(page)) - at) < 0.5, "it stands where it stood");
      await page.getByRole("tab", { name: "Story" }).click();
      await page.locator(".story li", { hasText: "crash broker 1" }).waitFor();
      await page.getByRole("button", { name: "Play" }).click();
      await page.waitForFunction((at) => Number(document.querySelector("#clock")?.textContent.replace(/[ s]/g, "")) > at + 0.01, at);
      await kill();
      await page.getByRole("alert").filter({ hasText: "failed again" }).waitFor();
    },
    { expectFaults: true },
  ));

/** Opens a run, pauses it, and follows the newest record of a partition, picked by its row under Inspect. */
const followNewest = async (page) => {
  await opened(page);
  await moves(page);
  await page.keyboard.press("Space");
  await page.getByRole("tab", { name: "Inspect" }).click();
  await page.locator(".records button").first().click();
  await page.locator(".life li").first().waitFor();
};

test("a record is followed: its life is listed, and a click on a step goes to its moment", () =>
  withPage(SITE, async (page) => {
    await followNewest(page);
    await page.keyboard.press("Shift+ArrowRight");
    await page.locator(".life li", { hasText: "commits offset" }).waitFor();
    const told = await page.locator(".life b").allTextContents();
    const order = ["send()", "leaves in a Produce request", "appends it at offset", "appends its copy", "high watermark moves", "delivered to group", "processed", "commits offset"];
    const places = order.map((words) => told.findIndex((text) => text.includes(words)));
    assert.ok(places.every((place, at) => place >= 0 && (at === 0 || place > places[at - 1])), `${places}: ${told}`);
    await page.locator(".fate", { hasText: "Done" }).waitFor();
    assert.equal(await page.locator(".life li.to-come").count(), 0, "all of it is in the past");
    const [last, panel] = [await page.locator(".life li.now").boundingBox(), await page.locator(".panel").boundingBox()];
    assert.ok(last.y + last.height <= panel.y + panel.height + 1, "the list has scrolled to the step that is now");
    const append = page.locator(".life li", { hasText: "appends it at offset" });
    const time = Number((await append.locator("time").textContent()).replace(" ", ""));
    await append.locator("button").click();
    await page.locator(".life li.now", { hasText: "appends it at offset" }).waitFor();
    assert.equal(await clock(page), time);
    assert.ok((await page.locator(".life li.to-come").count()) >= 5, "what is to come is paler");
    await page.keyboard.press("ArrowLeft");
    await page.getByText("At this moment it is not sent yet.").waitFor();
    await page.getByRole("button", { name: "Follow it no more" }).click();
    await page.locator(".life").waitFor({ state: "detached" });
    await page.getByText("Click a record's cell on the stage").waitFor();
  }));

test("a record is picked by its cell on the stage, which is marked in every replica", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.keyboard.press("Space");
    // The newest cells stand at the right end of the first lane of broker 1.
    const box = await page.locator(".stage canvas").boundingBox();
    const found = async () => {
      for (let x = box.width * 0.75; x > box.width * 0.4; x -= 6) {
        await page.locator(".stage canvas").click({ position: { x, y: 92 } });
        if ((await page.getByRole("tab", { name: "Record" }).getAttribute("aria-selected")) === "true") return true;
      }
      return false;
    };
    assert.ok(await found(), "a click on a cell follows its record");
    await page.locator(".life li").first().waitFor();
    const blue = () =>
      page.evaluate(() => {
        const canvas = document.querySelector(".stage canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const probe = document.createElement("i");
        probe.style.color = "var(--follow)";
        document.body.append(probe);
        const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
        probe.remove();
        let count = 0;
        for (let at = 0; at < data.length; at += 4) count += data[at] === r && data[at + 1] === g && data[at + 2] === b ? 1 : 0;
        return count;
      });
    await page.waitForTimeout(300);
    const marked = await blue();
    await page.getByRole("button", { name: "Follow it no more" }).click();
    await page.waitForTimeout(300);
    assert.ok(marked > (await blue()) + 300, "rings, ways and numbers are drawn while it is followed");
  }));

test("a record of one's own is sent and followed, and undo takes its life back", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.keyboard.press("Space");
    await page.getByRole("tab", { name: "Record" }).click();
    await page.getByText("Click a record's cell on the stage").waitFor();
    await page.getByLabel("Key", { exact: true }).fill('user "7"');
    await page.getByLabel("Value", { exact: true }).fill("good morning");
    await page.getByRole("button", { name: "Send and follow it" }).click();
    await page.locator(".record", { hasText: 'user "7"' }).filter({ hasText: "good morning" }).waitFor();
    await page.locator(".life li.now", { hasText: "send() with key" }).waitFor();
    await page.getByRole("tab", { name: "Inspect" }).click();
    await page.locator(".notice").getByRole("button", { name: "Follow it" }).click();
    await page.locator(".life li.now", { hasText: "send() with key" }).waitFor();
    await page.keyboard.press("Shift+ArrowRight");
    await page.locator(".life li", { hasText: "commits offset" }).waitFor();
    await page.getByRole("button", { name: "Undo the last command" }).click();
    await page.getByText("There is no trace of it").waitFor();
    assert.equal(await page.locator(".life li").count(), 0);
  }));

test("while a record is followed the caption tells its steps", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    await page.keyboard.press("5");
    const form = page.locator(".send");
    await form.getByLabel("key").fill("zebra");
    await form.getByLabel("value").fill("stripes");
    await form.getByRole("button", { name: "Send and follow it" }).click();
    // Of steps that follow each other too fast to be read the latest are told.
    for (const step of [/joins a batch|appends it|past the record|acknowledged/, /poll\(\) returns it/]) {
      await page.locator(".caption", { hasText: step }).waitFor();
    }
  }));

test("a lost record says so in the audit's words", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await page.getByRole("button", { name: /Website activity/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=1/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=1 ▾/ }).waitFor();
    await page.keyboard.press("Space");
    // The links of the followers are slow by then: what is sent is acknowledged long before they have it.
    await page.getByRole("tab", { name: "Record" }).click();
    while ((await clock(page)) < 17) await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Send and follow it" }).click();
    await page.locator(".life li").first().waitFor();
    await page.keyboard.press("ArrowRight");
    await page.locator(".life li button", { hasText: "the record is acknowledged" }).click();
    await page.locator(".life li.now", { hasText: "the record is acknowledged" }).waitFor();
    await page.locator(".stage canvas").click({ position: { x: 420, y: 148 } });
    await page.locator(".menu").getByRole("button", { name: "Crash broker 2" }).click();
    await page.locator(".notice", { hasText: "Done: crash broker 2" }).waitFor();
    await page.getByRole("tab", { name: "Record" }).click();
    for (let i = 0; i < 2; i += 1) await page.keyboard.press("Shift+ArrowRight");
    await page.locator(".life li.trouble", { hasText: "It is lost: acknowledged, and gone from the log." }).waitFor();
    await page.locator(".fate.bad", { hasText: "Lost" }).waitFor();
  }));

test("the fixture sees a breach of the security policy and a request that leaves the page", () =>
  withPage(
    SITE,
    async (page, { faults }) => {
      await page.evaluate(async () => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'breached'";
        document.body.append(script);
        await fetch("http://other.invalid/").catch(() => {});
      });
      assert.notEqual(await page.title(), "breached");
      assert.ok(faults.some((fault) => fault.includes("script-src-elem")), `inline script: ${faults}`);
      assert.ok(faults.some((fault) => fault.includes("connect-src")), `other origin: ${faults}`);
    },
    { expectFaults: true },
  ));

test("the about panel tells how far the simulation was held against a real cluster", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await page.getByRole("button", { name: "Kafka 4.3" }).click();
    const about = page.getByRole("dialog", { name: "About Kafkarium" });
    await about.getByText(/A real cluster of Apache Kafka 4\.3\.0 was recorded/).waitFor();
    const totals = await readFile(new URL("../../docs/fidelity-totals.txt", import.meta.url), "utf8");
    const recorded = /^recorded (\d+)$/m.exec(totals)[1];
    await about.getByRole("row", { name: `situations recorded ${recorded}` }).waitFor();
    await page.keyboard.press("Escape");
    await about.waitFor({ state: "detached" });
  }));

test("a command in the past keeps the old future, one click away, there and back", () =>
  withPage(SITE, async (page) => {
    await opened(page);
    await moves(page);
    const future = page.getByRole("button", { name: "Other future" });
    const story = page.locator(".story li");
    const told = (text) => story.filter({ hasText: text });
    await page.getByRole("tab", { name: "Story" }).click();
    await page.keyboard.press("Shift+ArrowRight");
    await page.getByRole("button", { name: "Try: crash broker 2" }).click();
    await page.locator(".notice", { hasText: "Done: crash broker 2." }).waitFor();
    await told("crash broker 2").waitFor();
    const crashedAt = await told("crash broker 2").locator("time").first().textContent();
    assert.equal(await future.count(), 0, "what is done in the present leaves no other future");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await clickBroker(page);
    await page.locator(".menu").getByRole("button", { name: "Crash broker 1" }).click();
    await page.locator(".notice", { hasText: "Done: crash broker 1. The old future is kept." }).waitFor();
    await page.locator(".notice").getByRole("button", { name: "Back to it" }).click();
    await page.getByRole("tab", { name: "Story" }).click();
    await page.locator(".notice", { hasText: "This is the other future" }).waitFor();
    assert.equal(await told("crash broker 1").count(), 0);
    await page.keyboard.press("Shift+ArrowRight");
    await told("crash broker 2").waitFor();
    assert.equal(await told("crash broker 2").locator("time").first().textContent(), crashedAt);
    // Much later it is still one click.
    await page.locator(".notice").waitFor({ state: "detached" });
    assert.match(await future.getAttribute("title"), /The other future: crash broker 1 at 2\d\.\d+ s\./);
    await future.click();
    await told("crash broker 1").waitFor();
    assert.equal(await told("crash broker 2").count(), 0);
    await page.keyboard.press("o");
    await told("crash broker 1").waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("the other future").waitFor();
  }));

test("N steps on to the next event of the story, P back to the one before", () =>
  withPage(`${SITE}#s=leader-dies-acks-all&t=15s`, async (page) => {
    await moves(page);
    const at = (text) => page.waitForFunction((text) => document.querySelector("#clock").textContent.startsWith(text), text);
    await page.keyboard.press("n");
    await at("20.000");
    await page.locator(".caption", { hasText: "crash machine of broker 2" }).waitFor();
    await page.getByRole("button", { name: "Play" }).waitFor();
    await page.keyboard.press("n");
    await at("28.125");
    await page.keyboard.press("p");
    await at("20.000");
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("the next or the previous event of the story").waitFor();
  }));
