// Pictures of the stage: above it which run and which moment, below it the caption. As points, or as lines and letters.
const query = new URL(import.meta.url).search;
const { SvgPen } = await import(`./svg_pen.js${query}`);

const HEAD = 40;
const EDGE = 18;
const LINE = 20;

/** The page's colours and letters, as they are now. */
function look() {
  const style = getComputedStyle(document.documentElement);
  const probe = document.body.appendChild(document.createElement("i"));
  const color = (token) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const found = { ground: color("ground"), line: color("line"), ink: color("ink"), soft: color("ink-soft"), now: color("now") };
  probe.remove();
  return { ...found, font: style.getPropertyValue("--font").trim() };
}

/** Words in lines no wider than there is room, each word with its colour. */
function wrap(ctx, words, room) {
  const lines = [[]];
  let width = 0;
  for (const word of words) {
    ctx.font = word.font;
    const own = ctx.measureText(`${word.text} `).width;
    if (width + own > room && width > 0) {
      lines.push([]);
      width = 0;
    }
    const [line] = lines.slice(-1);
    const before = line.at(-1);
    // Words alike are one text: so they are read, and copied out of a picture of lines.
    if (before?.font === word.font) before.text += ` ${word.text}`;
    else line.push({ ...word, x: width });
    width += own;
  }
  return lines;
}

/** A sheet that fits the stage: its size, and how to draw it at any moment. There is room for the caption of any of them. */
export function sheet(moment, draw) {
  const { width, height } = moment;
  const colors = look();
  const font = (px, weight = "") => `${weight}${px}px ${colors.font}`;
  const ruler = document.createElement("canvas").getContext("2d");
  const words = (text, color, font) => text.split(" ").filter(Boolean).map((text) => ({ text, color, font }));
  const captionOf = ({ what, why }) =>
    wrap(ruler, [...words(what, colors.now, font(14, "600 ")), ...words(why, colors.ink, font(14))], width - 2 * EDGE);
  const foot = 2 * EDGE + LINE * Math.max(width < 600 ? 5 : 2, captionOf(moment).length);
  const whole = HEAD + height + foot;
  const put = (ctx, text, x, y, style, color) => {
    ctx.font = style;
    ctx.fillStyle = color;
    ctx.fillText(text, x, y);
  };
  const paint = (ctx, { title, seed, seconds, ...caption }) => {
    ctx.globalAlpha = 1;
    ctx.fillStyle = colors.ground;
    ctx.fillRect(0, 0, width, whole);
    const when = `${seconds} s`;
    const style = font(13);
    ctx.font = style;
    const beside = `seed ${seed}   ${when}`;
    const right = width - EDGE - ctx.measureText(beside).width;
    put(ctx, beside, right, 26, style, colors.soft);
    put(ctx, clipped(ctx, title, font(15, "600 "), right - 2 * EDGE), EDGE, 26, font(15, "600 "), colors.ink);
    ctx.fillStyle = colors.line;
    ctx.fillRect(0, HEAD - 1, width, 1);
    ctx.fillRect(0, HEAD + height, width, 1);
    captionOf(caption).forEach((line, at) => {
      for (const word of line) put(ctx, word.text, EDGE + word.x, HEAD + height + EDGE + 14 + at * LINE, word.font, word.color);
    });
    ctx.save();
    ctx.translate(0, HEAD);
    ctx.beginPath();
    ctx.rect(0, 0, width, height);
    ctx.clip();
    draw(ctx);
    ctx.restore();
  };
  return { width, height: whole, paint };
}

function clipped(ctx, text, font, room) {
  ctx.font = font;
  let shown = text;
  while (shown.length > 1 && ctx.measureText(shown).width > room) shown = `${shown.replace(/…$/, "").slice(0, -1)}…`;
  return shown;
}

/** A picture of points, two to a CSS pixel at least. */
export async function png(moment, draw) {
  const { width, height, paint } = sheet(moment, draw);
  const ratio = Math.max(2, devicePixelRatio);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  paint(ctx, moment);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error("This browser cannot make a picture of that size: make the window smaller, or take the SVG.");
  return blob;
}

/** A picture of lines and letters. */
export function svg(moment, draw) {
  const { width, height, paint } = sheet(moment, draw);
  const pen = new SvgPen(width, height, `${moment.title}, ${moment.seconds} s`, `${moment.what} ${moment.why}`.trim());
  paint(pen, moment);
  return new Blob([pen.text()], { type: "image/svg+xml" });
}
