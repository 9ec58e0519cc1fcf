// A pen that writes SVG: the part of CanvasRenderingContext2D that the stage draws with (web/src/stage/pen.rs), so that one
// piece of code draws the page, its pictures and this. The document is built of nodes, never of text: a name cannot
// become anything else than a name.
const SVG = "http://www.w3.org/2000/svg";
/** What XML 1.0 cannot hold, whatever way it is written. */
const UNWRITABLE = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Two decimals are a fiftieth of a device pixel and half of the file. */
const short = (value) => `${Math.round(value * 100) / 100}`;
const writable = (text) => text.replace(UNWRITABLE, "\uFFFD");

function node(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = writable(text);
  return made;
}

export class SvgPen {
  #root;
  #defs = node("defs", {});
  /** Where things are added to: one group for each stretch of drawing inside the same clip. */
  #group = { clip: null, node: null };
  #clips = 0;
  #path = "";
  #kept = [];
  #shift = [0, 0];
  #clip = null;
  #dash = [];
  /** Letters are measured where they are drawn. */
  #ruler = document.createElement("canvas").getContext("2d");
  fillStyle = "#000";
  strokeStyle = "#000";
  lineWidth = 1;
  globalAlpha = 1;
  font = "10px sans-serif";

  /** `title` and `about` are what a screen reader says of the picture. */
  constructor(width, height, title, about) {
    const size = { width: short(width), height: short(height), viewBox: `0 0 ${short(width)} ${short(height)}` };
    this.#root = node("svg", { xmlns: SVG, role: "img", ...size });
    this.#root.append(node("title", {}, title), node("desc", {}, about), this.#defs);
  }

  /** The whole as a file's text. */
  text() {
    return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(this.#root)}\n`;
  }

  save() {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha, font } = this;
    const own = { fillStyle, strokeStyle, lineWidth, globalAlpha, font };
    this.#kept.push({ own, shift: this.#shift, clip: this.#clip, dash: this.#dash });
  }

  restore() {
    const kept = this.#kept.pop();
    if (!kept) return;
    Object.assign(this, kept.own);
    [this.#shift, this.#clip, this.#dash] = [kept.shift, kept.clip, kept.dash];
  }

  translate(x, y) {
    this.#shift = [this.#shift[0] + x, this.#shift[1] + y];
  }

  setLineDash(pattern) {
    this.#dash = [...pattern];
  }

  measureText(text) {
    this.#ruler.font = this.font;
    return this.#ruler.measureText(text);
  }

  beginPath() {
    this.#path = "";
  }

  moveTo(x, y) {
    this.#go("M", [x, y]);
  }

  lineTo(x, y) {
    this.#go(this.#path === "" ? "M" : "L", [x, y]);
  }

  bezierCurveTo(x1, y1, x2, y2, x, y) {
    if (this.#path === "") this.moveTo(x1, y1);
    this.#go("C", [x1, y1], [x2, y2], [x, y]);
  }

  roundRect(x, y, width, height, radius) {
    if (radius === 0) return this.rect(x, y, width, height);
    const [right, low] = [x + width, y + height];
    const corner = (from, to) => {
      this.lineTo(...from);
      this.#arc(radius, 0, 1, to);
    };
    this.moveTo(x + radius, y);
    corner([right - radius, y], [right, y + radius]);
    corner([right, low - radius], [right - radius, low]);
    corner([x + radius, low], [x, low - radius]);
    corner([x, y + radius], [x + radius, y]);
    this.closePath();
  }

  /** Clockwise, as all arcs here. */
  arc(x, y, radius, from, to) {
    const point = (angle) => [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
    this.lineTo(...point(from));
    if (to - from < 2 * Math.PI) return this.#arc(radius, to - from > Math.PI ? 1 : 0, 1, point(to));
    // An arc that ends where it begins is none: a circle is two.
    this.#arc(radius, 0, 1, point(from + Math.PI));
    this.#arc(radius, 0, 1, point(from));
  }

  rect(x, y, width, height) {
    this.moveTo(x, y);
    this.lineTo(x + width, y);
    this.lineTo(x + width, y + height);
    this.lineTo(x, y + height);
    this.closePath();
  }

  closePath() {
    this.#path += "Z";
  }

  fill() {
    this.#add(node("path", { d: this.#path, ...this.#filling() }));
  }

  stroke() {
    this.#add(node("path", { d: this.#path, fill: "none", ...this.#stroking() }));
  }

  clip() {
    this.#clips += 1;
    const id = `kafkarium-clip-${this.#clips}`;
    const made = node("clipPath", this.#clip ? { id, "clip-path": `url(#${this.#clip})` } : { id });
    made.append(node("path", { d: this.#path }));
    this.#defs.append(made);
    this.#clip = id;
  }

  fillRect(x, y, width, height) {
    this.#add(node("rect", { ...this.#box(x, y, width, height), ...this.#filling() }));
  }

  strokeRect(x, y, width, height) {
    this.#add(node("rect", { ...this.#box(x, y, width, height), fill: "none", ...this.#stroking() }));
  }

  fillText(text, x, y) {
    const [, weight, size, family] = /^(?:(\d+) )?([\d.]+)px (.*)$/.exec(this.font) ?? [null, null, "10", "sans-serif"];
    const { x: left, y: base } = this.#box(x, y, 0, 0);
    const set = { x: left, y: base, "font-size": size, "font-family": family, ...(weight && { "font-weight": weight }) };
    // As wide as here with another machine's letters, too: nothing grows out of its box.
    const width = { textLength: short(this.measureText(text).width), lengthAdjust: "spacingAndGlyphs" };
    this.#add(node("text", { ...set, ...(text.length > 1 && width), "xml:space": "preserve", ...this.#filling() }, text));
  }

  #go(letter, ...points) {
    this.#path += letter + points.map((point) => this.#place(point)).join(" ");
  }

  #arc(radius, large, sweep, to) {
    this.#path += `A${short(radius)} ${short(radius)} 0 ${large} ${sweep} ${this.#place(to)}`;
  }

  #place([x, y]) {
    return `${short(x + this.#shift[0])} ${short(y + this.#shift[1])}`;
  }

  #box(x, y, width, height) {
    const [left, top] = [short(x + this.#shift[0]), short(y + this.#shift[1])];
    return { x: left, y: top, width: short(width), height: short(height) };
  }

  #filling() {
    return { fill: this.fillStyle, ...this.#faded() };
  }

  #stroking() {
    const dash = this.#dash.length > 0 ? { "stroke-dasharray": this.#dash.join(" ") } : {};
    return { stroke: this.strokeStyle, "stroke-width": short(this.lineWidth), ...dash, ...this.#faded() };
  }

  #faded() {
    return this.globalAlpha < 1 ? { opacity: short(this.globalAlpha) } : {};
  }

  #add(made) {
    if (!this.#group.node || this.#group.clip !== this.#clip) {
      const clipped = this.#clip ? { "clip-path": `url(#${this.#clip})` } : {};
      this.#group = { clip: this.#clip, node: node("g", clipped) };
      this.#root.append(this.#group.node);
    }
    this.#group.node.append(made);
  }
}
