// What can be sent or kept of a moment, as a person sends and keeps it: link, embed, picture, texts, film.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { SITE, closeShared, linkTo, root, withPage } from "./fixture.mjs";

after(closeShared);

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESK = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };
/** Just after a leader died. */
const DIED = "#s=leader-dies-acks-1&seed=7&t=20.5s";

const clock = async (page) => (await page.locator("#clock").textContent()).trim();
const alive = (page) => page.locator('.stage[aria-busy="false"]').waitFor();
const dialog = (page) => page.getByRole("dialog", { name: "Share" });
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const linkField = (page) => dialog(page).getByRole("textbox", { name: "Link to this moment" });

/** Opens the dialog, once the run is there and the link made. */
async function share(page) {
  await alive(page);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await dialog(page).getByRole("button", { name: "Copy link" }).and(page.locator(":enabled")).waitFor();
}

/** What a button gives as a file: its name, and its bytes. */
async function kept(page, button) {
  const coming = page.waitForEvent("download");
  await button.click();
  const file = await coming;
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

/** A page beside, which no policy holds, to look at files with. */
async function beside(page, look, file, type) {
  const other = await page.context().newPage();
  try {
    return await other.evaluate(look, `data:${type};base64,${file.toString("base64")}`);
  } finally {
    await other.close();
  }
}

test("E opens Share, the link in it leads to this moment, and Escape gives time back", () =>
  withPage(
    `${SITE}${DIED}`,
    async (page) => {
      await alive(page);
      await page.getByRole("button", { name: "Pause" }).waitFor();
      await page.keyboard.press("e");
      await dialog(page).getByRole("button", { name: "Copy link" }).and(page.locator(":enabled")).waitFor();
      const held = await clock(page);
      assert.ok(await linkField(page).evaluate((field) => field === document.activeElement), "the keyboard stands in the link");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await dialog(page).getByText("The link is in the clipboard.").waitFor();
      const url = await clipboard(page);
      assert.equal(url, await linkField(page).inputValue());
      assert.match(url, /#s=leader-dies-acks-1&seed=7&t=2\d\.\d+s/);
      assert.equal(await clock(page), held, "time waits");
      await page.keyboard.press("Escape");
      await dialog(page).waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Pause" }).waitFor();
      await page.waitForFunction((held) => document.querySelector("#clock").textContent.trim() !== held, held);
      await page.goto("about:blank");
      await page.goto(url);
      await alive(page);
      const after = Number((await clock(page)).replace(/[ s]/g, ""));
      assert.ok(after >= Number(held.replace(/[ s]/g, "")) && after < 30, `${held} came back as ${after}`);
    },
    CLIPBOARD,
  ));

test("Share that is opened before the simulation is there waits for it, and then has everything", () =>
  withPage(SITE, async (page) => {
    let release;
    const held = new Promise((done) => (release = done));
    await page.route("**/worker_bg.wasm*", async (route) => (await held, route.continue()));
    await page.reload();
    await alive(page);
    await page.keyboard.press("e");
    await page.waitForFunction(() => document.querySelector(".share .link input")?.value === "Making the link…");
    const svg = await kept(page, dialog(page).getByRole("button", { name: "SVG" }));
    assert.match(svg.bytes.toString(), />Broker 1</, "a picture needs no simulation");
    await dialog(page).getByRole("button", { name: "Make a film" }).click();
    await dialog(page).locator(".film .bad", { hasText: "The simulation is not there yet" }).waitFor();
    release();
    await dialog(page).getByRole("button", { name: "Copy link" }).and(page.locator(":enabled")).waitFor();
    assert.match(await linkField(page).inputValue(), /#s=website-activity&seed=42&t=1/);
    await dialog(page).getByText("Nothing has happened yet.").waitFor();
  }));

test("a link is still one click from the page", () =>
  withPage(
    SITE,
    async (page) => {
      await alive(page);
      await page.locator("header").getByRole("button", { name: "Copy link" }).click();
      await page.waitForFunction(() => location.hash.includes("s="));
    },
    CLIPBOARD,
  ));

/** A page of somebody else's, high enough to scroll, with what Share gave to paste. */
async function host(page, snippet, { denied = false, style = "" } = {}) {
  const html = `<!doctype html><meta charset="utf-8"><title>A course</title><style>:root { color-scheme: light dark } ${style}</style>
    <h1>Lesson 3</h1><input id="note">${snippet}<p style="height: 2000px">More.</p>`;
  if (denied) {
    await page.addInitScript(() => {
      const deny = { get: () => { throw new DOMException("denied", "SecurityError"); } };
      if (window !== top) Object.defineProperty(window, "localStorage", deny);
    });
  }
  // Another server under another name, so that the frame is somebody else's for the browser, too.
  const course = createServer((_, response) => response.setHeader("content-type", "text/html").end(html));
  await new Promise((ready) => course.listen(0, "127.0.0.1", ready));
  const at = `http://localhost:${course.address().port}/`;
  await page.route(at, (route) => route.continue());
  await page.goto(at);
  course.close();
  return page.frameLocator("iframe");
}

/** Whether the stage in a frame fills it in its own proportions, and nothing of it is out of sight. */
const fits = (frame, width) =>
  frame.locator("#stage").evaluate((canvas, width) => {
    const room = canvas.getBoundingClientRect();
    const whole = document.documentElement;
    const exact = Math.abs(canvas.width - room.width * devicePixelRatio) < 2 && Math.abs(canvas.height - room.height * devicePixelRatio) < 2;
    return exact && room.width === width && whole.scrollWidth <= innerWidth && whole.scrollHeight <= innerHeight && room.height > 90;
  }, width);

const frameHtml = (url, hash, size = 'width="640" height="360"') => `<iframe ${size} src="${url.split("#")[0]}${hash.replaceAll("&", "&amp;")}" title="Kafkarium"></iframe>`;

test("the HTML to paste shows stage, caption and play in a course page, and leads to the whole page", () =>
  withPage(
    `${SITE}${DIED}`,
    async (page) => {
      await share(page);
      await dialog(page).getByRole("button", { name: "Copy HTML" }).click();
      await dialog(page).getByText("The HTML is in the clipboard.").waitFor();
      const snippet = await clipboard(page);
      assert.equal(snippet, await dialog(page).getByRole("textbox", { name: "HTML to paste" }).inputValue());
      const frame = await host(page, snippet, { denied: true });
      await frame.locator('.stage[aria-busy="false"]').waitFor();
      assert.match(await frame.getByRole("heading", { level: 1 }).textContent(), /leader dies/i, "who hears it hears what it is");
      await frame.locator(".caption", { hasText: "Broker 2" }).waitFor();
      for (const gone of ["header", "aside", ".timebar", ".charts", ".look"]) assert.equal(await frame.locator(gone).count(), 0, gone);
      assert.deepEqual(await frame.getByRole("button").allTextContents(), ["▶"]);
      assert.equal(await page.evaluate(() => document.activeElement.tagName), "BODY", "no focus is taken");
      const leads = frame.getByRole("link", { name: /Kafkarium/ });
      await frame.getByRole("button", { name: "Play" }).click();
      await frame.getByRole("button", { name: "Pause" }).waitFor();
      const momentOf = (url) => Number(/[#&]t=([\d.]+)s/.exec(url)[1]);
      // Whoever comes near gets the moment shown then, not that of the frame's own address.
      for (let tries = 0; momentOf(await leads.getAttribute("href")) <= momentOf(snippet.replaceAll("&amp;", "&")); tries += 1) {
        assert.ok(tries < 50, "the link goes with time");
        await page.mouse.move(0, 0);
        await leads.hover();
        await page.waitForTimeout(100);
      }
      const [whole] = await Promise.all([page.waitForEvent("popup"), leads.click()]);
      await alive(whole);
      await whole.locator("header").waitFor();
      assert.match(new URL(whole.url()).hash, /^#s=leader-dies-acks-1&seed=7&t=2\d\.\d+s/);
      assert.ok(momentOf(whole.url()) > momentOf(snippet.replaceAll("&amp;", "&")));
      assert.ok(!whole.url().includes("embed"));
    },
    CLIPBOARD,
  ));

test("in a frame the wheel scrolls the page around it, keys mean something only inside, and it fits any size", () =>
  withPage(SITE, async (page, { url }) => {
    const frame = await host(page, frameHtml(url, `#embed&${DIED.slice(1)}`));
    await frame.locator('.stage[aria-busy="false"]').waitFor();
    const box = await page.locator("iframe").boundingBox();
    await page.mouse.move(box.x + 300, box.y + 120);
    await page.mouse.wheel(0, 300);
    await page.waitForFunction(() => scrollY > 100);
    await page.evaluate(() => scrollTo(0, 0));
    await page.locator("#note").focus();
    await page.keyboard.press("Space");
    await frame.getByRole("button", { name: "Play" }).waitFor();
    assert.equal(await page.locator("#note").inputValue(), " ");
    await frame.getByRole("button", { name: "Play" }).focus();
    await page.keyboard.press("Space");
    await frame.getByRole("button", { name: "Pause" }).waitFor();
    // What belongs to the whole page does nothing here.
    for (const key of ["e", "?", "t", "l", "4", "/"]) await page.keyboard.press(key);
    assert.equal(await frame.locator("dialog").count(), 0);
    for (const [width, height] of [[390, 300], [900, 500], [300, 220]]) {
      await page.locator("iframe").evaluate((frame, [width, height]) => ([frame.width, frame.height] = [width, height]), [width, height]);
      for (let tries = 0; !(await fits(frame, width)); tries += 1) {
        assert.ok(tries < 50, `${width}x${height}`);
        await page.waitForTimeout(100);
      }
    }
  }));

for (const colorScheme of ["light", "dark"]) {
  test(`a frame is as ${colorScheme} as the page around it, and rests where less motion is wanted`, () =>
    withPage(
      SITE,
      async (page, { url }) => {
        // The network is slow: how it looks comes after everything else.
        await page.route("**/embed.css*", (route) => setTimeout(() => route.continue(), 1_500));
        const frame = await host(page, frameHtml(url, "#embed", 'width="390" height="300"'));
        await frame.locator('.stage[aria-busy="false"]').waitFor();
        await frame.getByRole("button", { name: "Play" }).waitFor();
        assert.ok(await fits(frame, 390), "the stage fills its frame from the first picture on");
        const ground = await frame.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
        assert.equal(ground, colorScheme === "dark" ? "rgb(13, 17, 26)" : "rgb(250, 249, 245)");
        await frame.locator(".caption", { hasText: "This is a Kafka cluster at work." }).waitFor();
        assert.equal(await frame.locator("body").evaluate(() => document.getAnimations().length), 0);
      },
      { colorScheme, reducedMotion: "reduce" },
    ));
}

const refusedInFrame = (hash, why) =>
  withPage(SITE, async (page, { url }) => {
    const frame = await host(page, frameHtml(url, hash));
    await frame.getByRole("alert").filter({ hasText: "This link cannot be opened" }).filter({ hasText: why }).waitFor();
    await frame.locator('.stage[aria-busy="false"]').waitFor();
    assert.equal(await frame.locator("script:not([src])").count(), 0);
    assert.ok(await fits(frame, 640), "the sentence leaves the stage its room");
  });

test("a broken link in a frame is one sentence, and the first scenario", () => refusedInFrame("#embed&k1.AAAA", "changed or cut short"));

test("a hostile link in a frame is one sentence, too", () => refusedInFrame("#embed&s=<img src=x onerror=alert(1)>", "no scenario named"));

/** A run whose names try to become something else. */
const HOSTILE_TITLE = `</text><script>alert(1)</script>]]> & "quoted" \\u0007bell`;
const hostile = async () => {
  const text = await readFile(`${root}scenarios/leader-dies-acks-1.toml`, "utf8");
  return linkTo(text.replace('title = "A leader dies, acks=1"', `title = "${HOSTILE_TITLE.replaceAll('"', '\\"')}"`), "20.5s");
};

/** Looks at two pictures: their sizes, and how far apart their points are. */
const compare = async ([one, other]) => {
  const drawn = async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  };
  const [first, second] = [await drawn(one), await drawn(other)];
  const points = (image) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [first.naturalWidth / 2, first.naturalHeight / 2];
    const ctx = canvas.getContext("2d");
    ctx.drawImage(image, 0, 0, canvas.width, canvas.height);
    return ctx.getImageData(0, 0, canvas.width, canvas.height).data;
  };
  const [a, b] = [points(first), points(second)];
  let [sum, far] = [0, 0];
  const colors = new Set();
  for (let at = 0; at < a.length; at += 4) {
    const apart = Math.max(...[0, 1, 2].map((part) => Math.abs(a[at + part] - b[at + part])));
    sum += apart;
    far += apart > 96 ? 1 : 0;
    colors.add((a[at] << 16) | (a[at + 1] << 8) | a[at + 2]);
  }
  const count = a.length / 4;
  return { size: [first.naturalWidth, first.naturalHeight], mean: sum / count, far: far / count, colors: colors.size, corner: [...a.slice(0, 3)] };
};

for (const colorScheme of ["light", "dark"]) {
  test(`the picture is the stage with title, moment and caption: points and lines agree (${colorScheme})`, () =>
    withPage(
      `${SITE}${DIED}`,
      async (page) => {
        await share(page);
        const png = await kept(page, dialog(page).getByRole("button", { name: "PNG" }));
        const svg = await kept(page, dialog(page).getByRole("button", { name: "SVG" }));
        assert.match(png.name, /^kafkarium-a-leader-dies-acks-1-2\d\.\d{3}s\.png$/);
        assert.match(svg.name, /\.svg$/);
        const urls = [`data:image/png;base64,${png.bytes.toString("base64")}`, `data:image/svg+xml;base64,${svg.bytes.toString("base64")}`];
        const other = await page.context().newPage();
        const found = await other.evaluate(compare, urls);
        await other.close();
        const stage = await page.locator("#stage").boundingBox();
        assert.equal(found.size[0], Math.round(stage.width) * 2, "two points to a CSS pixel");
        assert.ok(found.size[1] > stage.height * 2 + 100, "with room for words above and below");
        assert.ok(found.colors > 200, `${found.colors} colours`);
        assert.deepEqual(found.corner, colorScheme === "dark" ? [13, 17, 26] : [250, 249, 245]);
        assert.ok(found.mean < 0.75 && found.far < 0.0012, `lines and points differ: ${JSON.stringify(found)}`);
        const words = await page.evaluate((text) => {
          const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
          if (parsed.querySelector("parsererror")) throw new Error(parsed.querySelector("parsererror").textContent);
          return [...parsed.querySelectorAll("text")].map((text) => text.textContent);
        }, svg.bytes.toString());
        for (const word of ["Broker 1", "Broker 2", "Broker 3", "checkout", "billing", "orders-0", "A leader dies, acks=1"]) {
          assert.ok(words.some((text) => text.includes(word)), `${word} is text: ${words.join(" | ")}`);
        }
        assert.ok(words.includes("Command: crash broker 2."), "the caption");
        assert.match(words.join(" "), /seed 7\s+2\d\.\d{3} s/, "the moment");
      },
      { colorScheme },
    ));
}

test("names in a picture of lines stay names, whatever they try", async () =>
  withPage(`${SITE}${await hostile()}`, async (page) => {
    await share(page);
    const { bytes } = await kept(page, dialog(page).getByRole("button", { name: "SVG" }));
    const found = await page.evaluate((text) => {
      const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
      const names = new Set([...parsed.querySelectorAll("*")].map((element) => element.localName));
      return { names: [...names].sort(), title: parsed.querySelector("title")?.textContent };
    }, bytes.toString());
    assert.ok(found.names.every((name) => ["svg", "title", "desc", "defs", "clipPath", "g", "path", "rect", "text"].includes(name)), `${found.names}`);
    assert.ok(found.title.includes("</text><script>alert(1)</script>]]>"), found.title);
    const snippet = await dialog(page).getByRole("textbox", { name: "HTML to paste" }).inputValue();
    assert.equal(snippet.match(/<[a-z]/g).length, 1, snippet);
  }));

test("the story is text: as the story tells it, to copy and to keep", () =>
  withPage(
    `${SITE}#s=leader-dies-acks-1&seed=7&t=32s`,
    async (page) => {
      await share(page);
      const button = (name) => dialog(page).getByRole("button", { name });
      const file = await kept(page, button("Download: Story"));
      assert.match(file.name, /^kafkarium-a-leader-dies-acks-1-story-32\.\d+s\.txt$/);
      await button("Copy: Story").click();
      await dialog(page).getByText("it is in the clipboard").waitFor();
      const text = file.bytes.toString();
      assert.equal(await clipboard(page), text);
      assert.match(text, /^A leader dies, acks=1 \(seed 7\)\n\n/);
      assert.match(text, /\n\* +20\.000 s  Command: crash broker 2\.\n {14}Its process is killed/);
      assert.ok(text.split("\n").every((line) => !line.includes("\t") && line === line.trimEnd()), "plain lines");
      assert.ok(text.includes(await linkField(page).inputValue()), "with the link at its end");
      await page.keyboard.press("Escape");
      await page.getByRole("tab", { name: "Story" }).click();
      const told = await page.locator(".story li").evaluateAll((lines) => lines.map((line) => [Number(line.querySelector("time").textContent), line.querySelector("b").textContent]));
      // As the command line's, it begins with the end of the warm-up.
      const since = told.filter(([second]) => second >= 12);
      assert.ok(since.length > 5 && since.every(([, line]) => text.includes(line)), `${since}`);
    },
    CLIPBOARD,
  ));

test("the life of the record followed is text; where none is followed, Share says how to", () =>
  withPage(`${SITE}#s=leader-dies-acks-1&seed=7&t=19.9s&select=orders-0`, async (page) => {
    await share(page);
    await dialog(page).getByText("No record is followed: click one on the stage.").waitFor();
    assert.ok(await dialog(page).getByRole("button", { name: "Download: Life of the record followed" }).isDisabled());
    await page.keyboard.press("Escape");
    await page.locator(".records button").first().click();
    await page.locator(".life li").nth(2).waitFor();
    await share(page);
    const { bytes } = await kept(page, dialog(page).getByRole("button", { name: "Download: Life of the record followed" }));
    const text = bytes.toString();
    assert.match(text, /A record with key customer-\d, 200 bytes\nFrom checkout to orders-0, offset \d+\.\n/);
    await page.keyboard.press("Escape");
    for (const step of await page.locator(".life li b").allTextContents()) assert.ok(text.includes(step), step);
    assert.match(text, /\n  1\.  \d+\.\d{3} \d{3} s +checkout\n/);
    assert.match(text, /\n  2\.  \d+\.\d{3} \d{3} s +\+[\d.]+ (µs|ms|s)  /);
  }));

test("the metrics are a CSV: a line for every second, a value for every metric", () =>
  withPage(`${SITE}#s=website-activity&seed=42&t=30s`, async (page) => {
    await share(page);
    const { name, bytes } = await kept(page, dialog(page).getByRole("button", { name: "Download: Metrics as CSV" }));
    assert.equal(name, "kafkarium-metrics.csv");
    const lines = bytes.toString().trim().split("\n");
    assert.match(lines[0], /^time/);
    assert.ok(lines.length > 25 && lines.every((line) => line.split(",").length === lines[0].split(",").length));
  }));

/** How a film plays: its length, and whether its pictures are there and differ. */
const play = async (url) => {
  const video = document.createElement("video");
  video.muted = true;
  video.src = url;
  await new Promise((done, refuse) => {
    video.onloadeddata = done;
    video.onerror = () => refuse(new Error(video.error.message));
  });
  const shots = [];
  for (const part of [0.1, 0.5, 0.9]) {
    const there = new Promise((done) => (video.onseeked = done));
    video.currentTime = video.duration * part;
    await there;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const ctx = canvas.getContext("2d");
    ctx.drawImage(video, 0, 0);
    shots.push(ctx.getImageData(0, 0, canvas.width, canvas.height).data);
  }
  const apart = (a, b) => a.reduce((count, value, at) => count + (Math.abs(value - b[at]) > 24 ? 1 : 0), 0);
  const light = shots.map((shot) => shot.reduce((sum, value, at) => sum + (at % 4 < 3 ? value : 0), 0) / (shot.length * 0.75));
  const start = performance.now();
  const corner = [...shots[1].slice(0, 3)];
  video.currentTime = 0;
  await video.play();
  await new Promise((done) => (video.onended = done));
  return { corner, duration: video.duration, size: [video.videoWidth, video.videoHeight], light, apart: [apart(shots[0], shots[1]), apart(shots[1], shots[2])], took: performance.now() - start };
};

test("a film of a stretch plays as WebM, and the page is back at its moment", () =>
  withPage(`${SITE}${DIED}`, async (page) => {
    await share(page);
    const held = await clock(page);
    const field = (name) => dialog(page).getByLabel(name);
    assert.ok(Math.abs(Number(await field("From, s").inputValue()) - 19.8) < 0.31, "from just before what happened last");
    await field("From, s").fill("19.9");
    await field("to, s").fill("20.1");
    await field("Pace").selectOption("1/10 of real time");
    const coming = page.waitForEvent("download");
    await dialog(page).getByRole("button", { name: "Make a film" }).click();
    await dialog(page).getByRole("progressbar").waitFor();
    await dialog(page).getByText(/s of film, at \d+\.\d s of the run/).waitFor();
    const file = await coming;
    assert.match(file.suggestedFilename(), /-film-2\d\.\d{3}s\.webm$/);
    await dialog(page).getByText(/goes to your downloads/).waitFor();
    await dialog(page).getByRole("button", { name: "Make a film" }).waitFor();
    assert.equal(await clock(page), held, "the page is back");
    const bytes = await readFile(await file.path());
    const found = await beside(page, play, bytes, "video/webm");
    assert.ok(Math.abs(found.duration - 2) < 0.1, `${found.duration} s of film`);
    assert.ok(found.size[0] >= 1000, `${found.size}`);
    assert.ok(found.light.every((light) => light > 100), `the ground is light: ${found.light}`);
    assert.ok([250, 249, 245].every((part, at) => Math.abs(part - found.corner[at]) <= 3), `the colours are the stage's: ${found.corner}`);
    assert.ok(found.apart.every((points) => points > 500), `pictures differ: ${found.apart}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    assert.ok(Number((await clock(page)).replace(/[ s]/g, "")) < 21, "and goes on from there");
  }));

test("a film can be stopped, and the page is back as well", () =>
  withPage(`${SITE}${DIED}`, async (page) => {
    await share(page);
    const held = await clock(page);
    await dialog(page).getByLabel("From, s").fill("20");
    await dialog(page).getByLabel("to, s").fill("40");
    await dialog(page).getByRole("button", { name: "Make a film" }).click();
    await dialog(page).getByText(/s of film, at 20/).waitFor();
    await dialog(page).getByRole("button", { name: "Stop" }).click();
    await dialog(page).getByText("Stopped: no film was kept.").waitFor();
    await dialog(page).getByRole("button", { name: "Make a film" }).waitFor();
    await page.waitForFunction((held) => document.querySelector("#clock").textContent.trim() === held, held);
    await dialog(page).getByLabel("From, s").fill("13");
    await dialog(page).getByRole("button", { name: "Make a film" }).click();
    await dialog(page).getByText(/s of film, at 13/).waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Pause" }).waitFor();
    const second = (text) => Number(text.replace(/[ s]/g, ""));
    await page.waitForFunction((held) => Number(document.querySelector("#clock").textContent.replace(/[ s]/g, "")) >= held, second(held));
    assert.ok(second(await clock(page)) < second(held) + 5, "closing Share ends the film, and time goes on where it was");
  }));

test("what cannot be filmed is one sentence: an end before its beginning, a film too long, no encoder", () =>
  withPage(`${SITE}${DIED}`, async (page) => {
    await share(page);
    const make = dialog(page).getByRole("button", { name: "Make a film" });
    const say = (words) => dialog(page).locator(".film .bad", { hasText: words }).waitFor();
    await dialog(page).getByLabel("to, s").fill("3");
    await make.click();
    await say("The film has to end later than it begins");
    await dialog(page).getByLabel("From, s").fill("1");
    await dialog(page).getByLabel("Pace").selectOption("1/400 of real time");
    await make.click();
    await say("180 s are the longest");
    await page.evaluate(() => delete window.VideoEncoder);
    await make.click();
    await say("This browser cannot make films");
  }));

test("without a clipboard Share says what to do instead", () =>
  withPage(`${SITE}${DIED}`, async (page) => {
    await share(page);
    await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error("no"))));
    await dialog(page).getByRole("button", { name: "Copy link" }).click();
    await dialog(page).locator(".link .bad", { hasText: "select the text and copy it" }).waitFor();
  }));

test("Share that does not come is one sentence, and comes the next time", () =>
  withPage(
    `${SITE}${DIED}`,
    async (page) => {
      await alive(page);
      await page.route("**/panel.js*", (route) => route.abort());
      await page.keyboard.press("e");
      await dialog(page).getByText("This could not be loaded. Close it and try again.").waitFor();
      await page.keyboard.press("Escape");
      await page.unroute("**/panel.js*");
      await share(page);
    },
    { expectFaults: true },
  ));

for (const [viewport, colorScheme] of [[DESK, "light"], [DESK, "dark"], [PHONE, "light"], [PHONE, "dark"]]) {
  test(`axe-core finds nothing in Share, and nothing is cut off: ${viewport.width} px, ${colorScheme}`, () =>
    withPage(
      `${SITE}${DIED}`,
      async (page) => {
        await share(page);
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          const { violations } = await window.axe.run(document, { rules: { "target-size": { enabled: true } } });
          return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
        });
        assert.deepEqual(found, []);
        const wide = await page.locator("dialog").evaluate((dialog) => [dialog.scrollWidth, dialog.clientWidth]);
        assert.ok(wide[0] <= wide[1], `${wide}`);
        if (viewport === PHONE) {
          const low = await page.locator("dialog :is(button, a, input, select)").evaluateAll((all) => all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44).map((one) => one.textContent));
          assert.deepEqual(low, []);
        }
      },
      { viewport, colorScheme },
    ));
}
