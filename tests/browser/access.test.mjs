// The page for everyone: by the keyboard, by ear, with less motion, in every size; and before there is anything to see.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, test } from "node:test";
import { SITE, closeShared, linkTo, root, withPage } from "./fixture.mjs";

after(closeShared);

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESK = { width: 1440, height: 900 };
const PROJECTOR = { width: 1024, height: 768 };
const PHONE = { width: 390, height: 844 };
const HUNDRED = linkTo(await readFile(join(root, "scenarios/bench/hundred-brokers.toml"), "utf8"), "13s");

/** The stage shows the run. */
const alive = (page) => page.locator('.stage[aria-busy="false"]').waitFor();

/** Sentences on all that axe-core finds; with the size of what can be touched, and with everything but experiments. */
async function findings(page, where) {
  // What is still fading in is not what will be read.
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== "running"));
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const options = { rules: { "target-size": { enabled: true } } };
    const { violations } = await window.axe.run(document, options);
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
  });
  return found.map((sentence) => `${where}: ${sentence}`);
}

/** Looks at the page at rest and with everything open that can be open. */
async function everywhere(page, phone) {
  const found = [];
  const look = async (where) => found.push(...(await findings(page, where)));
  await alive(page);
  await look("at rest");
  for (const name of await page.getByRole("tab").allTextContents()) {
    await page.getByRole("tab", { name }).click();
    await page.waitForTimeout(400);
    await look(`panel ${name}`);
    if (phone) await page.getByRole("button", { name: "Close", exact: true }).click();
  }
  for (const name of [/Website activity tracking/, /^Build/, "Keys and help", "Metrics as a table and as CSV"]) {
    const button = page.getByRole("button", { name });
    if (!(await button.isVisible())) continue;
    await button.click();
    await page.getByRole("dialog").waitFor();
    if (String(name).includes("Build")) await page.locator(".part", { hasText: "web-1" }).click();
    await look(`dialog ${name}`);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  if (phone) {
    await page.getByRole("button", { name: /Website activity tracking/ }).click();
    await page.getByRole("button", { name: "Build your own…" }).click();
    await page.locator(".part", { hasText: "web-1" }).waitFor();
    await look("building: parts");
    await page.locator(".part", { hasText: "web-1" }).click();
    await look("building: settings");
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await look("building: text");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await page.getByRole("button", { name: "Try: crash broker 2" }).click();
  await page.locator(".notice", { hasText: "Done" }).waitFor();
  await look("notice");
  await page.locator("#stage").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator(".menu button").first().waitFor();
  await look("menu");
  assert.deepEqual(found, []);
}

const clean = (viewport, colorScheme) =>
  withPage(SITE, (page) => everywhere(page, viewport === PHONE), { viewport, colorScheme, hasTouch: viewport === PHONE });

test("axe-core finds nothing: desk, light", () => clean(DESK, "light"));

test("axe-core finds nothing: desk, dark", () => clean(DESK, "dark"));

test("axe-core finds nothing: projector, light", () => clean(PROJECTOR, "light"));

test("axe-core finds nothing: projector, dark", () => clean(PROJECTOR, "dark"));

test("axe-core finds nothing: phone, light", () => clean(PHONE, "light"));

test("axe-core finds nothing: phone, dark", () => clean(PHONE, "dark"));

/** The contrast of two tokens as WCAG counts it, as the browser resolves them. */
const contrasts = (page, pairs) =>
  page.evaluate((pairs) => {
    const probe = document.body.appendChild(document.createElement("i"));
    const light = (token) => {
      probe.style.color = `var(--${token})`;
      const parts = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3);
      const linear = parts.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const found = pairs.map(([ink, ground]) => {
      const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
      return [ink, ground, (high + 0.05) / (low + 0.05)];
    });
    probe.remove();
    return found;
  }, pairs);

/** What is written on the canvas, where axe-core cannot look. */
const ON_CANVAS = [
  ...["ink", "ink-soft", "ink-faint", "now", "bad", "good"].flatMap((ink) => ["ground", "panel"].map((ground) => [ink, ground])),
  ...["ink", "ink-soft", "ink-faint", "bad"].map((ink) => [ink, "lane"]),
  ["cell-ink", "cell"],
  ["follow-ink", "follow"],
];

const legible = (colorScheme) =>
  withPage(
    SITE,
    async (page) => {
      await alive(page);
      const pale = (await contrasts(page, ON_CANVAS)).filter(([, , contrast]) => contrast < 4.5);
      assert.deepEqual(pale, []);
    },
    { colorScheme },
  );

test("what is written on the canvas has a contrast of 4.5 to 1: light", () => legible("light"));

test("what is written on the canvas has a contrast of 4.5 to 1: dark", () => legible("dark"));

/** What can be touched and is too small for a finger. */
const tooSmall = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll("button, input, select, summary, a")].filter((element) => element.checkVisibility());
    const sized = shown.map((element) => [element, element.getBoundingClientRect()]);
    // A marker on the line of time is a picture here: the line itself is touched.
    const touched = sized.filter(([element]) => !element.classList.contains("mark"));
    const wrong = touched.filter(([, rect]) => rect.width < 43.5 || rect.height < 43.5);
    return wrong.map(([element, rect]) => `${element.outerHTML.slice(0, 90)}: ${rect.width} x ${rect.height}`);
  });

test("on a phone whatever can be touched is 44 pixels high and wide, and nothing is wider than the window", () =>
  withPage(
    SITE,
    async (page) => {
      await alive(page);
      for (const open of [null, "Inspect", "Story", "Audit", "Kafka tools", "Record"]) {
        if (open) {
          await page.getByRole("tab", { name: open }).click();
          await page.waitForTimeout(400);
        }
        assert.deepEqual(await tooSmall(page), [], open ?? "at rest");
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= PHONE.width);
        if (open) await page.getByRole("button", { name: "Close", exact: true }).click();
      }
    },
    { viewport: PHONE, hasTouch: true },
  ));

test("on a phone a finger finds a lane, and a record beside which it comes down", () =>
  withPage(
    SITE,
    async (page) => {
      await alive(page);
      await page.keyboard.press("Space");
      await page.getByRole("button", { name: "Play" }).waitFor();
      const stage = page.locator("#stage");
      await stage.focus();
      const reached = page.locator("#reached");
      for (let steps = 0; !(await reached.textContent()).startsWith("clicks-0 on broker 1"); steps += 1) {
        assert.ok(steps < 12, "the lane is among the first things");
        await stage.press("ArrowDown");
      }
      const lane = await page.locator(".reached").boundingBox();
      assert.ok(lane.height >= 43.5 && lane.width >= 43.5, `${lane.width} x ${lane.height}`);
      // Its name, near the lane's lower edge.
      await page.touchscreen.tap(lane.x + 60, lane.y + lane.height - 3);
      const menu = page.getByRole("group", { name: /What can be done to/ });
      await menu.getByText("clicks-0 on broker 1").waitFor();
      await menu.getByRole("button", { name: "Close" }).click();
      await menu.waitFor({ state: "detached" });
      // Among its cells, above them.
      const again = await page.locator(".reached").boundingBox();
      await page.touchscreen.tap(again.x + again.width - 90, again.y + 3);
      await page.locator(".life li").nth(4).waitFor();
    },
    { viewport: PHONE, hasTouch: true },
  ));

test("a hundred brokers on a phone: what looks from nearer is large enough to touch", () =>
  withPage(
    `${SITE}${HUNDRED}`,
    async (page) => {
      await page.locator('.stage[aria-busy="false"]').waitFor({ timeout: 90_000 });
      await page.locator(".zoom button").first().waitFor();
      assert.deepEqual(await tooSmall(page), []);
    },
    { viewport: PHONE, hasTouch: true },
  ));

/** Boxes of the page's parts that cover each other. */
const overlaps = (page) =>
  page.evaluate(() => {
    const names = [".top", ".stage", ".caption", ".charts", ".controls", ".line", ".tabs"];
    const boxes = names.map((name) => [name, document.querySelector(name).getBoundingClientRect()]);
    const found = [];
    for (const [at, [one, a]] of boxes.entries()) {
      for (const [other, b] of boxes.slice(at + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && high > 1) found.push(`${one} and ${other}: ${wide} x ${high}`);
      }
    }
    return found;
  });

/** Plays through a failure and sums up what moved though nobody moved it. */
const steady = (viewport) =>
  withPage(
    SITE,
    async (page) => {
      await alive(page);
      if (viewport !== PHONE) assert.deepEqual(await overlaps(page), []);
      await page.getByRole("button", { name: "Try: crash broker 2" }).click();
      await page.locator(".notice", { hasText: "Done" }).waitFor();
      await page.waitForTimeout(700);
      const moved = await page.evaluate(
        () =>
          new Promise((done) => {
            const moved = [];
            new PerformanceObserver((list) => {
              for (const shift of list.getEntries()) {
                for (const { node, previousRect, currentRect } of shift.sources) {
                  const element = node instanceof Element ? node : node?.parentElement;
                  const to = (rect) => `${rect.x},${rect.y} ${rect.width}x${rect.height}`;
                  // What is read moves with what happened; what frames it, and all that counts, stands still.
                  if (element?.closest(".top, .controls, .caption, .charts, .tabs, .stage")) {
                    moved.push(`${element.outerHTML.slice(0, 80)}: ${to(previousRect)} to ${to(currentRect)}`);
                  }
                }
              }
            }).observe({ type: "layout-shift" });
            setTimeout(() => done(moved), 6_000);
          }),
      );
      assert.deepEqual(moved, []);
    },
    { viewport },
  );

test("nothing overlaps and nothing jumps while time runs: desk", () => steady(DESK));

test("nothing overlaps and nothing jumps while time runs: projector", () => steady(PROJECTOR));

test("nothing jumps while time runs: phone", () => steady(PHONE));

test("who asked for less motion sees states change and no message fly", () => {
  // Beside the brokers there are only links, and messages on them.
  // A loaded machine draws few of the moments at which a message flies: what is expected may take longer.
  const pictures = (page, expected) =>
    page.evaluate(async (expected) => {
      const canvas = document.querySelector("#stage");
      const seen = new Set();
      const start = performance.now();
      const passed_ms = () => performance.now() - start;
      while (passed_ms() < 4_000 || (seen.size < expected && passed_ms() < 30_000)) {
        await new Promise((done) => requestAnimationFrame(done));
        let sum = 7;
        for (const left of [195, 852]) {
          const { data } = canvas.getContext("2d").getImageData(left, 80, 50, 440);
          for (const value of data) sum = (sum * 31 + value) % 2147483647;
        }
        seen.add(sum);
      }
      return seen.size;
    }, expected);
  const look = (reducedMotion, expected) => {
    let count = 0;
    const use = async (page) => {
      await alive(page);
      count = await pictures(page, expected);
      await page.getByRole("button", { name: "Try: crash broker 2" }).click();
      await page.locator("#stage-words", { hasText: "2 of 3 brokers work" }).waitFor({ state: "attached" });
    };
    return withPage(SITE, use, { reducedMotion }).then(() => count);
  };
  return look("no-preference", 2)
    .then((moving) => assert.ok(moving > 1, `messages fly: ${moving} pictures`))
    .then(() => look("reduce", 1))
    .then((still) => assert.equal(still, 1, "no message flies"));
});

test("a screen reader hears the caption, a few seconds apart at least, and nothing else by itself", () =>
  withPage(SITE, async (page) => {
    await alive(page);
    await page.evaluate(() => {
      window.heard = [];
      const live = [...document.querySelectorAll('[aria-live="polite"], [aria-live="assertive"], [role="status"], [role="alert"], output')];
      const regions = live.filter((element) => element.getAttribute("aria-live") !== "off");
      for (const region of regions) {
        const watch = new MutationObserver(() => window.heard.push([performance.now(), region.id, region.textContent]));
        watch.observe(region, { childList: true, characterData: true, subtree: true });
      }
    });
    await page.getByRole("button", { name: "Try: crash broker 2" }).click();
    await page.waitForTimeout(14_000);
    const heard = await page.evaluate(() => window.heard);
    assert.ok(heard.some(([, , text]) => /crash broker 2/.test(text)), JSON.stringify(heard));
    for (const [at, [time]] of heard.entries()) {
      if (at > 0) assert.ok(time - heard[at - 1][0] > 3_500, `too soon: ${JSON.stringify(heard)}`);
    }
  }));

test("the stage is walked by the keyboard: each thing is said, a menu takes the focus and gives it back", () =>
  withPage(SITE, async (page) => {
    await alive(page);
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    const reached = (text) => page.locator("#reached", { hasText: text }).waitFor({ state: "attached" });
    await page.locator("#stage").focus();
    await page.keyboard.press("Tab");
    await reached("Controller");
    await page.keyboard.press("ArrowDown");
    await reached("Producer web-1, running");
    for (let i = 0; i < 3; i += 1) await page.keyboard.press("Tab");
    await reached("clicks-0 on broker 1, follower in sync");
    await page.keyboard.press("Shift+Tab");
    await reached("Broker 1 in rack a, running, leads 1, follows 2");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.closest(".menu"));
    assert.equal(await focused(), "Crash broker 1");
    await page.keyboard.press("ArrowDown");
    assert.notEqual(await focused(), "Crash broker 1");
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement.id === "stage");
    // At the end the focus leaves: the stage is no trap.
    for (let i = 0; i < 40 && (await focused()) === "stage"; i += 1) await page.keyboard.press("Tab");
    assert.notEqual(await focused(), "stage");
    await page.getByRole("button", { name: "Keys and help" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Keys and help" }).getByText("on the stage").first().waitFor();
    for (let i = 0; i < 5; i += 1) await page.keyboard.press("Tab");
    // From inside an open dialog the focus goes to what is in it, or to the browser's own controls.
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog")));
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "Keys and help");
    const tab = page.getByRole("tab", { name: "Inspect" });
    await tab.focus();
    await page.keyboard.press("ArrowRight");
    await page.locator('[role="tab"][aria-selected="true"]', { hasText: "Story" }).waitFor();
    assert.equal(await focused(), "tab-Story");
  }));

test("keys that come before the first picture are not lost to an empty stage", () =>
  withPage(`${SITE}boot.js`, async (page, { url }) => {
    // A link to a moment begins with the worker, whose windows come late, as on a loaded machine.
    await page.addInitScript(() => {
      const own = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage");
      Object.defineProperty(Worker.prototype, "onmessage", {
        ...own,
        set(hear) {
          const late = performance.now() + 4_000;
          const later = (event) => setTimeout(() => hear.call(this, event), Math.max(0, late - performance.now()));
          own.set.call(this, (event) => (event.data instanceof ArrayBuffer ? later(event) : hear.call(this, event)));
        },
      });
    });
    await page.goto(url.replace("boot.js", "#s=website-activity&t=12s"));
    await page.getByText("Starting the simulation").waitFor();
    await page.getByRole("button", { name: /Website activity tracking/ }).waitFor();
    assert.equal(await page.locator("#clock").textContent(), "0.000 000 s", "no moment is told before it can be seen");
    await page.locator("#stage").focus();
    await page.waitForFunction(() => document.querySelector("#clock").textContent !== "0.000 000 s");
    for (let i = 0; i < 4; i += 1) await page.keyboard.press("Tab");
    await page.getByRole("heading", { name: "Broker 1" }).waitFor();
  }, { expectFaults: true }));

test("the text twin is what Kafka's tools print, keeps its place and selection, and is copied", () =>
  withPage(
    SITE,
    async (page) => {
      await alive(page);
      await page.keyboard.press("4");
      const part = (name) => page.getByRole("region", { name, exact: true });
      const topics = part("kafka-topics.sh --describe --exclude-internal");
      await topics.getByText("PartitionCount: 3").waitFor();
      assert.match(
        await topics.textContent(),
        /^Topic: clicks\tTopicId: [\w-]{22}\tPartitionCount: 3\tReplicationFactor: 3\tConfigs: min\.insync\.replicas=2\n\tTopic: clicks\tPartition: 0\tLeader: 2\tReplicas: 2,3,1\tIsr: 2,3,1\tElr: \tLastKnownElr: \n/,
      );
      const offsets = part("kafka-consumer-groups.sh --describe --all-groups");
      const columns = "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID";
      assert.equal((await offsets.textContent()).split("\n")[0].replace(/ +/g, " "), columns);
      const states = part("kafka-consumer-groups.sh --describe --all-groups --state");
      assert.match(await states.textContent(), /dashboard +broker-\d:9092 {2}\(\d\) +range +Stable +3/);
      const members = part("kafka-consumer-groups.sh --describe --all-groups --members");
      assert.match(await members.textContent(), /GROUP +CONSUMER-ID +HOST +CLIENT-ID +#PARTITIONS/);
      const stage = part("What the stage shows beside that");
      assert.match(await stage.textContent(), /BROKER +RACK +PROCESS +FENCED +LINKS/);

      // It follows the run, and stays where it was scrolled to.
      await page.keyboard.press("]");
      const place = await page.evaluate(() => {
        const panel = document.querySelector("#panel");
        const box = document.querySelectorAll(".tools pre")[1];
        [panel.scrollTop, box.scrollLeft] = [120, 90];
        return [panel.scrollTop, box.scrollLeft];
      });
      const before = await stage.textContent();
      await page.waitForFunction((before) => [...document.querySelectorAll(".tools pre")].at(-1).textContent !== before, before);
      const now = () => page.evaluate(() => [document.querySelector("#panel").scrollTop, document.querySelectorAll(".tools pre")[1].scrollLeft]);
      assert.deepEqual(await now(), place);

      // What is selected stays selected, and stays what it was.
      await stage.evaluate((box) => getSelection().selectAllChildren(box));
      await page.getByText("Held while you select.").waitFor();
      const held = await page.evaluate(() => getSelection().toString());
      await page.waitForTimeout(1_500);
      assert.equal(await page.evaluate(() => getSelection().toString()), held);
      assert.deepEqual(await now(), place);
      await page.evaluate(() => getSelection().removeAllRanges());
      await page.getByText("The cluster at this moment, as text.").waitFor();

      await page.getByRole("button", { name: "Copy: kafka-topics.sh --describe --exclude-internal" }).click();
      await page.locator(".notice", { hasText: "clipboard" }).waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^Topic: clicks\tTopicId/);
    },
    { permissions: ["clipboard-read", "clipboard-write"] },
  ));

test("while time stands the text twin is of the moment on the stage", () =>
  withPage(`${SITE}#s=at-most-once-at-least-once&t=33s`, async (page) => {
    await alive(page);
    await page.keyboard.press("4");
    await page.locator(".tools pre", { hasText: "LOG-END-OFFSET" }).first().waitFor();
    for (let i = 0; i < 3; i += 1) {
      await page.getByRole("button", { name: "Pause" }).click();
      await page.waitForFunction(
        () => {
          const text = document.querySelector(".tools").innerText;
          const ends = (pattern) => [...text.matchAll(pattern)].map(([, partition, end]) => `${partition}: ${end}`);
          const told = ends(/payments\s+([01])\s+\d+\s+(\d+)/g);
          // What Kafka's tool calls a log's end is as far as a consumer may read: the high watermark.
          const shown = ends(/^payments-([01])\s+\d+\s+leader\s+\d+\s+(\d+)/gm);
          return shown.length === 2 && told.length > 0 && told.every((end) => shown.includes(end));
        },
        null,
        // Long before anything else brings the worker to this moment.
        { timeout: 2_500 },
      );
      await page.getByRole("button", { name: "Play" }).click();
      await page.waitForTimeout(400 + 130 * i);
    }
  }));

test("the first opening says what it is and what to try, and blocks nothing", () =>
  withPage(SITE, async (page) => {
    await alive(page);
    await page.locator(".caption", { hasText: "This is a Kafka cluster at work." }).waitFor();
    const clock = () => page.locator("#clock").textContent();
    const first = await clock();
    await page.waitForFunction((first) => document.querySelector("#clock").textContent !== first, first);
    await page.getByRole("button", { name: "Try: crash broker 2" }).click();
    await page.locator(".caption", { hasText: "crash broker 2" }).waitFor();
    await page.getByRole("button", { name: /Try:/ }).waitFor({ state: "detached" });
    await page.getByRole("heading", { name: "Broker 2" }).waitFor();
    await page.reload();
    await alive(page);
    await page.getByRole("button", { name: "Close this hint" }).click();
    await page.locator(".caption", { hasText: "All is well." }).waitFor();
  }));

/** What is said before there is a page stands in its middle, one line below the other. */
async function isCentred(page) {
  const boxes = [];
  // Where the page itself is there, it says so itself.
  if ((await page.locator("#boot").count()) === 0) return;
  for (const line of await page.locator("#boot > *").all()) boxes.push(await line.boundingBox());
  const { width, height } = page.viewportSize();
  const said = JSON.stringify(boxes);
  for (const [at, box] of boxes.entries()) {
    assert.ok(Math.abs(box.x + box.width / 2 - width / 2) < 1 && box.x >= 0, said);
    if (at > 0) assert.ok(box.y >= boxes[at - 1].y + boxes[at - 1].height, said);
  }
  const last = boxes.at(-1);
  assert.ok(Math.abs((boxes[0].y + last.y + last.height) / 2 - height / 2) < 2, said);
}

/** Opens the page in a browser that lacks something, or to which something does not come. */
const without = async (prepare, sentence) => {
  for (const viewport of [DESK, PHONE]) {
    await withPage(
      `${SITE}boot.js`,
      async (page, { url }) => {
        await prepare(page);
        await page.goto(url.replace("boot.js", ""));
        await page.getByText(sentence).waitFor();
        await isCentred(page);
        assert.deepEqual(await findings(page, "without"), []);
      },
      { expectFaults: true, viewport },
    );
  }
};

test("a page that is still coming says so", () =>
  without((page) => page.route(/app-.*\.wasm/, () => {}), "Loading the simulation…"));

test("a browser without JavaScript is told so, and nothing else", async () => {
  for (const viewport of [DESK, PHONE]) {
    await withPage(
      SITE,
      async (page) => {
        await page.getByRole("heading", { name: "Kafkarium" }).waitFor();
        await isCentred(page);
        const said = await page.locator("#boot p").innerText();
        assert.equal(said, "Kafkarium runs in your browser, and needs JavaScript and WebAssembly for it.");
      },
      { javaScriptEnabled: false, viewport },
    );
  }
});

test("a browser without WebAssembly is told so", () =>
  without((page) => page.addInitScript(() => delete window.WebAssembly), /this browser is without WebAssembly/));

test("a browser without workers is told so", () =>
  without((page) => page.addInitScript(() => delete window.Worker), /this browser is without web workers/));

test("a browser that cannot draw is told so", () =>
  without((page) => page.addInitScript(() => (HTMLCanvasElement.prototype.getContext = () => null)), /cannot draw on a canvas/));

test("a page that does not come is told so, with what to do", () =>
  without((page) => page.route(/app-.*\.wasm/, (route) => route.abort()), /could not be loaded. Reload the page/));

test("a simulation that does not come is told so, with what to do", () =>
  without((page) => page.route(/worker_bg\.wasm/, (route) => route.abort()), /could not be started .* Reload the page/));
