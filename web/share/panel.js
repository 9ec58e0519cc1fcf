// What can be sent or kept of the moment shown: link, embed, picture, texts, film. It stands in the page's Share dialog
// (web/src/panels/share.rs), which answers what is asked here.
const query = new URL(import.meta.url).search;
const part = (name) => import(`./${name}.js${query}`);

/** The worker is given up when it says nothing for so long, milliseconds. */
const PATIENCE_MS = 30_000;
const SPEEDS = [
  ["0", "Story pace: slow where something happens"],
  ["0.0025", "1/400 of real time"],
  ["0.01", "1/100 of real time"],
  ["0.1", "1/10 of real time"],
  ["1", "real time"],
  ["5", "5× real time"],
];

/** Asks the page; what the worker has to be asked for may take a while, or be refused with a sentence. */
function ask(what, first, second) {
  return new Promise((done, refuse) => {
    const late = setTimeout(() => refuse(new Error("The simulation does not answer.")), PATIENCE_MS);
    const answer = (value, why) => {
      clearTimeout(late);
      if (why) refuse(new Error(why));
      else done(value);
    };
    window.dispatchEvent(new CustomEvent("share-ask", { detail: [what, first, second, answer] }));
  });
}

async function momentNow() {
  const [title, seed, what, why, now_us, width, height, known_us, ...events_us] = await ask("moment");
  return { title, seed, what, why, now_us, width, height, known_us, events_us, seconds: seconds(now_us) };
}

const page = {
  moment: momentNow,
  draw: (ctx) => void ask("draw", ctx),
  begin: (from_us, speed) => ask("film", from_us, speed),
  turn: (ms) => ask("turn", ms),
  end: () => ask("cut"),
};

const seconds = (us) => (Math.floor(us / 1_000) / 1_000).toFixed(3);
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

/** An element with properties, attributes (those with a dash) and what is in it. */
function h(name, properties = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role" || key === "for") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...inside);
  return made;
}

/** One way to share: a heading, what it is, what it has, and a line for what came of it. */
function way(id, title, about, ...inside) {
  const said = h("p", { className: "said", role: "status" });
  const heading = h("h3", { id: `share-${id}` }, title);
  const made = h("section", { className: id, "aria-labelledby": `share-${id}` }, heading, h("p", { className: "soft" }, about), ...inside, said);
  return { made, say: (sentence, wrong = false) => (said.classList.toggle("bad", wrong), (said.textContent = sentence)) };
}

/** A button that does something which may fail with a sentence. */
function button(label, act, properties = {}) {
  return h("button", { type: "button", textContent: label, onclick: act, ...properties });
}

async function copy(text, say, sentence) {
  try {
    await navigator.clipboard.writeText(text);
    say(sentence);
  } catch {
    say("This browser does not let the page write into the clipboard: select the text and copy it, or take the file.", true);
  }
}

function save(blob, name, say) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(`${name} (${size(blob.size)}) goes to your downloads.`);
}

const size = (bytes) => (bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`);

/** `kafkarium-a-leader-dies-20.604s`: what files are called. */
function named(moment, what = "") {
  const title = moment.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40);
  return ["kafkarium", title, what, `${moment.seconds}s`].filter(Boolean).join("-");
}

/** Link and embed wait for the same answer. */
function linkAndEmbed(moment) {
  const url = h("input", { readOnly: true, value: "Making the link…", "aria-label": "Link to this moment", onfocus: () => url.select() });
  const snippet = h("textarea", { readOnly: true, rows: 4, spellcheck: false, "aria-label": "HTML to paste", onfocus: () => snippet.select() });
  const see = h("a", { className: "button", target: "_blank", rel: "noopener" }, "See it alone ↗");
  const copyLink = button("Copy link", () => copy(url.value, link.say, "The link is in the clipboard."), { className: "primary", disabled: true });
  const copySnippet = button("Copy HTML", () => copy(snippet.value, embed.say, "The HTML is in the clipboard."), { disabled: true });
  const link = way("link", "Link", `Opens this run at ${moment.seconds} s, for anybody.`, h("div", { className: "row" }, url, copyLink));
  const embed = way(
    "embed",
    "Embed",
    "For a course page or an article: stage, caption and play alone.",
    snippet,
    h("div", { className: "row" }, copySnippet, see),
  );
  const made = ask("link").then(
    (fragment) => {
      const here = location.href.split("#")[0];
      url.value = `${here}#${fragment}`;
      see.href = `${here}#embed&${fragment}`;
      const title = escaped(`Kafkarium: ${moment.title}`);
      snippet.value = `<iframe src="${escaped(see.href)}" title="${title}" width="640" height="360" loading="lazy" style="border: 0; max-width: 100%"></iframe>`;
      copyLink.disabled = copySnippet.disabled = false;
      return url.value;
    },
    (error) => {
      url.value = "";
      see.remove();
      link.say(error.message, true);
      embed.say(error.message, true);
      return "";
    },
  );
  return { parts: [link.made, embed.made], made };
}

function pictures(moment) {
  const take = (kind) => async () => {
    try {
      const { png, svg } = await part("picture");
      const blob = await (kind === "png" ? png : svg)(moment, page.draw);
      save(blob, `${named(moment)}.${kind}`, say);
    } catch (error) {
      say(error.message, true);
    }
  };
  const row = h("div", { className: "row" }, button("PNG", take("png")), button("SVG", take("svg")));
  const { made, say } = way("picture", "Picture", "The stage as it stands, with title, moment and caption. SVG stays sharp at any size, its words stay words.", row);
  return made;
}

/** One text: to copy, or to keep. It is asked for as soon as the dialog is there, so that copying is at once. */
function text({ label, what, file, kind, missing, link }) {
  const buttons = [button("Copy", () => copy(content, say, `${label}: it is in the clipboard.`)), button("Download", () => save(new Blob([content], { type: kind }), file, say))];
  const note = h("small", {}, "Writing it down…");
  const line = h("li", {}, h("span", {}, h("b", {}, label), note), ...buttons);
  let content = "";
  let say = () => {};
  for (const each of buttons) [each.disabled, each.ariaLabel] = [true, `${each.textContent}: ${label}`];
  const come = async () => {
    try {
      content = await ask(what);
      if (content && link) content = [content.trimEnd(), await link].filter(Boolean).join("\n\n") + "\n";
      for (const each of buttons) each.disabled = !content;
      note.textContent = content ? `${content.trimEnd().split("\n").length} lines` : missing;
    } catch (error) {
      note.textContent = error.message;
    }
  };
  return { line, come, heard: (speak) => (say = speak) };
}

function texts(moment, link) {
  const all = [
    { label: "Story", what: "story", file: `${named(moment, "story")}.txt`, kind: "text/plain;charset=utf-8", missing: "Nothing has happened yet.", link },
    { label: "Life of the record followed", what: "life", file: `${named(moment, "record")}.txt`, kind: "text/plain;charset=utf-8", missing: "No record is followed: click one on the stage.", link },
    { label: "Metrics as CSV", what: "csv", file: "kafkarium-metrics.csv", kind: "text/csv", missing: "No second has passed yet." },
  ].map(text);
  const { made, say } = way("texts", "Texts", "Plain, for an e-mail, a ticket or a spreadsheet.", h("ul", {}, ...all.map(({ line }) => line)));
  all.forEach(({ heard }) => heard(say));
  // One after the other: the worker is asked for one text at a time.
  (async () => {
    for (const { come } of all) await come();
  })();
  return made;
}

/** From a little before what happened last to a little after; where nothing has, the last second. */
function stretch({ now_us, events_us }) {
  const last_us = events_us.findLast((us) => us <= now_us);
  const [from, to] = last_us === undefined ? [now_us - 1e6, now_us] : [last_us - 0.2e6, last_us + 3e6];
  return [Math.max(0, from), to].map((us) => (us / 1e6).toFixed(1));
}

/** How much of a film there is at a moment, 0 to 1. Story pace goes the slower, the nearer something is that happens. */
function progress({ events_us }, speed, from_us, to_us) {
  const slow = (us) => events_us.reduce((sum, event) => sum + Math.sign(us - event) * Math.log1p(Math.abs(us - event) / 3_000), us / 1e6);
  const gone = speed > 0 ? (us) => us : slow;
  return (us) => Math.min(1, Math.max(0.001, (gone(us) - gone(from_us)) / (gone(to_us) - gone(from_us))));
}

function filming(moment, room) {
  const [from, to] = stretch(moment).map((value) => h("input", { type: "number", min: "0", step: "0.1", inputMode: "decimal", value }));
  const pace = h("select", {}, ...SPEEDS.map(([value, label]) => h("option", { value }, label)));
  const start = button("Make a film", () => make(), { className: "primary" });
  const stop = button("Stop", () => (stopped = true), { hidden: true });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "How far the film is" });
  const labelled = (word, field) => h("label", {}, h("span", {}, word), field);
  const row = h("div", { className: "row" }, labelled("From, s", from), labelled("to, s", to), labelled("Pace", pace));
  const { made, say } = way("film", "Film", "A stretch of this run as WebM, picture by picture; the page comes back to this moment afterwards.", row, h("div", { className: "row" }, start, stop, bar));
  let stopped = false;

  const wanted = (longest) => {
    const [from_us, to_us, speed] = [from, to, pace].map((field) => Number(field.value));
    if (!from.value || !to.value || !(from_us >= 0) || !(to_us > from_us)) throw new Error("The film has to end later than it begins: choose both in seconds, such as 20 and 24.5.");
    if (to_us * 1e6 > moment.known_us + 600e6) throw new Error(`The run is known up to ${seconds(moment.known_us)} s: choose an end that is not more than ten minutes later.`);
    if (speed > 0 && (to_us - from_us) / speed > longest) throw new Error(`That would be a film of ${Math.round((to_us - from_us) / speed)} s, and ${longest} s are the longest: choose a shorter stretch or a quicker pace.`);
    return { from_us: from_us * 1e6, to_us: to_us * 1e6, speed };
  };

  const busy = (is) => {
    [start.hidden, stop.hidden, bar.hidden] = [is, !is, !is];
    for (const field of [from, to, pace]) field.disabled = is;
    (is ? stop : start).focus();
  };

  const make = async () => {
    try {
      const { film, unable, LONGEST_S } = await part("film");
      if (unable()) throw new Error(unable());
      const { from_us, to_us, speed } = wanted(LONGEST_S);
      const began = performance.now();
      stopped = false;
      busy(true);
      say("Making the film…");
      const share = progress(moment, speed, from_us, to_us);
      const told = (now_us, length) => {
        bar.value = share(now_us);
        const left = ((performance.now() - began) / 1_000) * (1 / bar.value - 1);
        const about = performance.now() - began < 1_500 ? "" : `, about ${Math.max(1, Math.round(left))} s left`;
        const sentence = `${length.toFixed(0)} s of film, at ${(now_us / 1e6).toFixed(1)} s of the run${about}.`;
        if (Math.round(length * 30) % 15 === 0) say(sentence);
      };
      const done = await film({ page, from_us, to_us, speed, told, ended: () => stopped || !room.isConnected });
      if (!done) return say("Stopped: no film was kept.");
      save(done.blob, `${named(moment, "film")}.webm`, say);
      if (done.until_us < to_us) say(`The film ends at ${seconds(done.until_us)} s: it is ${Math.round(done.seconds)} s long. It goes to your downloads.`);
    } catch (error) {
      say(error.message, true);
    } finally {
      if (room.isConnected && start.hidden) busy(false);
    }
  };
  return made;
}

/** How it looks is fetched with it: nobody waits for that before something moves. */
const styled = new Promise((done, refuse) => {
  const sheet = h("link", { rel: "stylesheet", href: new URL(`share.css${query}`, import.meta.url).href, onload: done });
  sheet.onerror = () => refuse(new Error("share.css did not come"));
  document.head.append(sheet);
});

/** Puts everything into the room that the page has for it. */
export async function open(room) {
  await styled;
  const moment = await momentNow();
  const { parts, made } = linkAndEmbed(moment);
  room.replaceChildren(...parts, pictures(moment), texts(moment, made), filming(moment, room));
  parts[0].querySelector("input").focus();
}
