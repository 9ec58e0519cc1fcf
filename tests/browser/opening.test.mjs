// The first seconds of a scenario that ships: played from a recording, until the worker takes over.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { SITE, closeShared, root, withPage } from "./fixture.mjs";

after(closeShared);

const seconds = (text) => Number(text.replace(/[ s]/g, ""));
const clock = async (page) => seconds(await page.locator("#clock").textContent());
const goesOnFrom = (page, from) =>
  page.waitForFunction((from) => Number(document.querySelector("#clock")?.textContent.replace(/[ s]/g, "")) > from, from);
/** Waits until the worker has answered: only it knows the words of Kafka's tools. */
const workerThere = async (page) => {
  await page.getByRole("tab", { name: "Kafka tools" }).click();
  await page.locator(".tools", { hasText: "PartitionCount" }).waitFor();
};

/** Opens the site anew. */
async function reopen(page, url) {
  await page.goto("about:blank");
  await page.goto(url);
}

/** Opens the site anew with the worker's files held back. `{ release, asked }`: lets them go; whether they were asked for. */
async function holdBack(page, url) {
  const held = { asked: false };
  const released = new Promise((resolve) => (held.release = resolve));
  await page.route(/worker/, async (route) => {
    held.asked = true;
    await released;
    await route.continue();
  });
  await reopen(page, url);
  await page.waitForFunction(() => document.querySelector("#clock")?.textContent > "1");
  return held;
}

/** Everything that can be seen or read of a paused page. */
const facts = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector(".stage canvas");
    return {
      picture: canvas.toDataURL(),
      clock: document.querySelector("#clock").textContent,
      caption: document.querySelector(".caption").innerText,
      side: document.querySelector("#panel").innerText,
      summary: document.querySelector("#stage-words").textContent,
      charts: document.querySelector(".charts").innerText,
      // How far the bands reach was said up to 250 ms ago.
      line: [...document.querySelectorAll(".line [title]")].map((element) => element.title),
    };
  });

test("the stage moves while the worker is held back, and nothing changes when it takes over", () =>
  withPage(SITE, async (page, { url }) => {
    const held = await holdBack(page, url);
    const first = await clock(page);
    assert.ok(first >= 12 && first < 12.5, `${first}`);
    await goesOnFrom(page, first + 0.02);
    assert.ok(held.asked, "it is fetched by now");
    await page.keyboard.press("Space");
    await page.waitForTimeout(600);
    const before = await facts(page);
    assert.match(before.side, /clicks-0/);
    held.release();
    // Only the worker can make a link.
    await page.waitForFunction(() => location.hash.length > 1);
    await page.waitForTimeout(600);
    const { picture, ...after } = await facts(page);
    assert.deepEqual({ ...after, picture: "" }, { ...before, picture: "" });
    assert.ok(picture === before.picture, "the stage is the same, pixel by pixel");
    await page.keyboard.press("Space");
    await goesOnFrom(page, seconds(before.clock) + 0.02);
  }));

test("time goes on evenly over the moment at which the worker takes over", () =>
  withPage(SITE, async (page, { url }) => {
    await page.addInitScript(() => {
      window.clocks = [];
      const look = () => {
        const text = document.querySelector("#clock")?.textContent ?? "0";
        const painted = document.querySelector(".stage canvas")?.getContext("2d").getImageData(0, 0, 1440, 40).data.some((byte) => byte > 0);
        window.clocks.push([performance.now(), Number(text.replace(/[ s]/g, "")), painted]);
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    const held = await holdBack(page, url);
    await page.waitForTimeout(1_000);
    held.release();
    await workerThere(page);
    await page.waitForTimeout(1_000);
    const clocks = (await page.evaluate(() => window.clocks)).filter(([, at]) => at >= 12);
    for (let at = 1; at < clocks.length; at += 1) {
      const [[before_ms, before, seen], [now_ms, now, still]] = [clocks[at - 1], clocks[at]];
      assert.ok(now >= before, `it went back from ${before} to ${now}`);
      // A fortieth of real time, and what the clock shows is up to 60 ms old.
      assert.ok(now - before <= (now_ms - before_ms + 80) / 1_000 / 20, `it jumped from ${before} to ${now}`);
      assert.ok(still || !seen, "the stage was never empty again");
    }
    assert.ok(clocks.at(-1)[1] > clocks[0][1] + 0.03, "it went on");
  }));

test("what is asked for before the worker is there waits, is said to wait, and is done", () =>
  withPage(SITE, async (page, { url }) => {
    const held = await holdBack(page, url);
    await page.getByRole("button", { name: "Try: crash broker 2" }).click();
    await page.locator(".notice", { hasText: "The simulation is still loading. Then: crash broker 2." }).waitFor();
    await page.locator("#said", { hasText: "still loading" }).waitFor({ state: "attached" });
    const at = await clock(page);
    await page.waitForTimeout(500);
    assert.equal(await clock(page), at, "time waits too");
    for (let i = 0; i < 3; i += 1) await page.keyboard.press("ArrowRight");
    await page.locator(".notice", { hasText: /Then: crash broker 2; go to 15\.\d s\./ }).waitFor();
    held.release();
    await page.locator(".caption", { hasText: /broker 2/ }).waitFor();
    await goesOnFrom(page, 14.9);
    await page.getByRole("tab", { name: "Story" }).click();
    const told = await page.locator(".story li", { hasText: "crash broker 2" }).locator("time").textContent();
    assert.ok(Math.abs(Number(told) - at) < 0.01, `${told} is when it was asked for, ${at}`);
    await page.locator(".notice", { hasText: "still loading" }).waitFor({ state: "detached" });
  }));

test("what the opening does not inspect says that the simulation is still loading, then all of it", () =>
  withPage(SITE, async (page, { url }) => {
    const held = await holdBack(page, url);
    await page.locator(".stage canvas").focus();
    for (let i = 0; i < 4; i += 1) await page.keyboard.press("Tab");
    await page.getByRole("heading", { name: "Broker 1" }).waitFor();
    await page.locator("#panel", { hasText: "The simulation is still loading." }).waitFor();
    await page.keyboard.press("4");
    await page.locator(".tools", { hasText: "(the simulation is still loading)" }).waitFor();
    await page.keyboard.press("1");
    held.release();
    await page.locator("#panel .commands button", { hasText: "Crash broker 1" }).waitFor();
    assert.doesNotMatch(await page.locator("#panel").innerText(), /still loading/);
  }));

test("another run is opened once the worker is there, and what was written for it stays", () =>
  withPage(SITE, async (page, { url }) => {
    const held = await holdBack(page, url);
    await page.getByRole("button", { name: "Build", exact: true }).click();
    const text = page.getByRole("textbox", { name: "The scenario's text" });
    await page.waitForFunction(() => document.querySelector("#source")?.value.includes("seed = 42"));
    const written = (await text.inputValue()).replace("seed = 42", "seed = 43");
    await text.fill(written);
    await page.getByRole("button", { name: "Run it" }).click();
    await page.locator(".notice", { hasText: "The simulation is still loading. Then: open another run." }).waitFor();
    await page.getByRole("button", { name: "Build (draft)" }).waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem("draft")), written);
    held.release();
    await page.getByText("seed 43").waitFor();
    await page.getByRole("button", { name: "Build", exact: true }).waitFor();
  }));

test("a scenario chosen before the worker is there is opened then", () =>
  withPage(SITE, async (page, { url }) => {
    const held = await holdBack(page, url);
    await page.getByRole("button", { name: /Website activity/ }).click();
    await page.getByRole("button", { name: /A leader dies, acks=all/ }).click();
    await page.locator(".notice", { hasText: "still loading" }).waitFor();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.locator(".notice", { hasText: "Then: open another run; put the link into the address bar." }).waitFor();
    held.release();
    await page.getByRole("button", { name: /A leader dies, acks=all ▾/ }).waitFor();
    await page.waitForFunction(() => location.hash.includes("leader-dies-acks-all"));
  }));

test("where playing outruns the opening the page waits and says so", () =>
  withPage(SITE, async (page, { url }) => {
    const held = await holdBack(page, url);
    for (let i = 0; i < 6; i += 1) await page.keyboard.press("]");
    await page.locator(".notice", { hasText: "The simulation is still loading." }).waitFor();
    await page.waitForTimeout(200);
    const at = await clock(page);
    await page.waitForTimeout(300);
    assert.equal(await clock(page), at);
    held.release();
    await goesOnFrom(page, at + 1);
    await page.locator(".notice").waitFor({ state: "detached" });
  }));

test("slower than it was recorded it is not played", () =>
  withPage(SITE, async (page, { url }) => {
    const held = await holdBack(page, url);
    for (let i = 0; i < 6; i += 1) await page.keyboard.press("[");
    await page.locator(".notice", { hasText: "The simulation is still loading." }).waitFor();
    const at = await clock(page);
    held.release();
    await goesOnFrom(page, at);
    await page.locator(".notice").waitFor({ state: "detached" });
  }));

const beginsWithTheWorker = (answer) =>
  withPage(
    SITE,
    async (page, { url, faults }) => {
      await page.route(/opening/, answer);
      await reopen(page, url);
      await goesOnFrom(page, 12);
      await workerThere(page);
      assert.equal(await page.getByRole("alert").count(), 0);
      assert.deepEqual(faults.filter((fault) => !fault.includes("404")), []);
    },
    { expectFaults: true },
  );

test("without its opening a scenario begins with the worker", () =>
  beginsWithTheWorker((route) => route.fulfill({ status: 404 })));

test("with an unreadable opening a scenario begins with the worker", () =>
  beginsWithTheWorker((route) => route.fulfill({ status: 200, body: "this is no opening" })));

test("with an opening that is cut off a scenario begins with the worker", () =>
  beginsWithTheWorker(async (route) => {
    const file = inflateRawSync(await readFile(join(root, "dist/opening.bin")));
    // What it opens is told, and nothing to be seen.
    await route.fulfill({ status: 200, body: deflateRawSync(file.subarray(0, 12_000)) });
  }));

const saysThatThereIsNoSimulation = (file) =>
  withPage(
    SITE,
    async (page, { url }) => {
      let fail;
      const failed = new Promise((resolve) => (fail = resolve));
      await page.route(new RegExp(`/${file}`), async (route) => {
        await failed;
        await route.abort();
      });
      await reopen(page, url);
      await page.getByRole("button", { name: "Try: crash broker 2" }).click();
      await page.locator(".notice", { hasText: "still loading" }).waitFor();
      fail();
      const alert = page.getByRole("alert").filter({ hasText: "The simulation could not be started" });
      await alert.filter({ hasText: "This was not done: crash broker 2." }).waitFor();
      assert.equal(await page.locator(".notice").count(), 0);
      await page.keyboard.press("ArrowRight");
      await page.locator(".notice", { hasText: "Reload the page" }).waitFor();
    },
    { expectFaults: true },
  );

test("without the worker's file the page says that there is no simulation, and what was not done", () =>
  saysThatThereIsNoSimulation("worker_boot.js"));

test("without the worker's script the page says that there is no simulation, and what was not done", () =>
  saysThatThereIsNoSimulation("worker.js"));

test("without the worker's WebAssembly the page says that there is no simulation, and what was not done", () =>
  saysThatThereIsNoSimulation("worker_bg.wasm"));

test("a scenario named in the link has its opening, a link to a moment has none", () =>
  withPage(`${SITE}#s=slow-consumer`, async (page, { url }) => {
    const fetched = () => page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name.split("/").pop().split("?")[0]));
    await page.getByRole("button", { name: /slow consumer/i }).first().waitFor();
    await workerThere(page);
    assert.ok((await fetched()).includes("opening-slow-consumer.bin"));
    await reopen(page, url.replace(/#.*/, "#s=slow-consumer&t=20s"));
    await goesOnFrom(page, 20);
    assert.deepEqual((await fetched()).filter((name) => name.includes("opening")), []);
  }));

/** The items of a file as `web/src/bridge/opening.rs` writes it: `{ kind, bytes }`. */
function items(file) {
  let at = 1;
  const number = () => {
    for (let value = 0, digit = 0; ; digit += 1) {
      const byte = file[at++];
      value |= (byte & 0x7f) << (7 * digit);
      if (byte < 0x80) return value;
    }
  };
  const before = new Map();
  const found = [];
  while (at < file.length) {
    const kind = file[at++];
    const bytes = Buffer.alloc(number());
    for (let end = 0; end < bytes.length; ) {
      const fresh = number();
      end += file.copy(bytes, end, at, (at += fresh));
      if (end < bytes.length) {
        const from = number();
        end += before.get(kind).copy(bytes, end, from, from + number());
      }
    }
    before.set(kind, bytes);
    found.push({ kind, bytes });
  }
  return found;
}

test("every opening is, byte for byte, what the worker answers", () =>
  withPage(SITE, async (page) => {
    const names = (await readdir(join(root, "dist"))).filter((name) => name.startsWith("opening"));
    assert.ok(names.length > 10, `${names}`);
    for (const name of names) {
      const recorded = items(inflateRawSync(await readFile(join(root, "dist", name))));
      const asked = JSON.parse(await readFile(join(root, "target/openings", name.replace(".bin", ".json")), "utf8"));
      assert.ok(recorded.filter(({ kind }) => kind === 0).length > 100, name);
      const said = await page.evaluate(
        async ({ asked, count }) => {
          const worker = new Worker(document.getElementById("worker").href, { type: "module" });
          const said = [];
          await new Promise((done) => {
            worker.onmessage = ({ data }) => {
              const buffer = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
              let text = "";
              for (const byte of buffer) text += String.fromCharCode(byte);
              said.push([data instanceof ArrayBuffer, btoa(text)]);
              if (said.length === 1) for (const message of asked) worker.postMessage(message);
              if (said.length === count) done();
            };
          });
          worker.terminate();
          return said;
        },
        { asked, count: recorded.length },
      );
      said.forEach(([isFrame, text], at) => {
        const { kind, bytes } = recorded[at];
        assert.ok(isFrame === (kind === 0) && text === bytes.toString("base64"), `${name}: item ${at}`);
      });
    }
  }));
