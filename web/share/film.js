// Films of the stage. The page plays picture by picture as for a viewer, and waits wherever the simulation is not there yet:
// however slow the machine, no picture is left out and none comes twice.
const query = new URL(import.meta.url).search;
const [{ sheet }, { webm }] = await Promise.all([import(`./picture.js${query}`), import(`./webm.js${query}`)]);

const PICTURES_A_SECOND = 30;
/** One picture in so many needs no other: so finely a player can seek. */
const KEY_EVERY = 60;
/** A film ends here, whatever is left: seconds. */
export const LONGEST_S = 180;
/** As many points as a common screen has. */
const POINTS_MAX = 1920 * 1080;
/** The simulation is given up when nothing came for so long, milliseconds. */
const PATIENCE_MS = 20_000;
/** The better one first, with Matroska's name. */
const CODECS = [
  ["vp09.00.41.08", "V_VP9"],
  ["vp8", "V_VP8"],
];

const breath = () => new Promise((done) => setTimeout(done));

/** Why no film can be made here, as one sentence; empty if one can. */
export function unable() {
  if (typeof VideoEncoder === "function") return "";
  if (!isSecureContext) return "Browsers make films only for pages that came by https: open this page so.";
  return "This browser cannot make films (it is without WebCodecs): a newer Chrome, Edge, Firefox or Safari can.";
}

async function codecFor(size) {
  for (const [codec, name] of CODECS) {
    const config = { codec, ...size, bitrate: 5_000_000, framerate: PICTURES_A_SECOND, latencyMode: "quality" };
    const { supported } = await VideoEncoder.isConfigSupported(config).catch(() => ({}));
    if (supported) return { config, name };
  }
  throw new Error("This browser can write no WebM: Chrome, Edge or Firefox can.");
}

/** The size of a film of such a sheet: even numbers, as codecs want them. */
function sizeOf({ width, height }) {
  const ratio = Math.min(2, Math.max(1, 1280 / width), Math.sqrt(POINTS_MAX / (width * height)));
  const even = (value) => Math.max(2, Math.floor((value * ratio) / 2) * 2);
  return { ratio, width: even(width), height: even(height) };
}

/**
 * Makes a film of a stretch, microseconds; `speed` is virtual time for real time, 0 for story pace. `page` asks the page;
 * `told` is called with the moment reached and the seconds of film; `ended` says whether somebody had enough. The film as a
 * blob with its seconds and where it ends, or null if somebody had enough.
 */
export async function film({ page, from_us, to_us, speed, told, ended }) {
  const first = await page.moment();
  const draw = (ctx) => page.draw(ctx);
  const paper = sheet(first, draw);
  const { ratio, ...size } = sizeOf(paper);
  const { config, name } = await codecFor(size);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [size.width, size.height];
  const ctx = canvas.getContext("2d", { alpha: false });
  ctx.scale(ratio, ratio);
  const pictures = [];
  let broken = null;
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      pictures.push({ ms: Math.round(chunk.timestamp / 1_000), key: chunk.type === "key", data });
    },
    error: (error) => (broken = error),
  });
  encoder.configure(config);
  if (!(await page.begin(from_us, speed))) throw new Error("The simulation is not there yet: try again in a moment.");
  try {
    let moment = first;
    let count = 0;
    let came = performance.now();
    while (moment === first || (moment.now_us < to_us && count < LONGEST_S * PICTURES_A_SECOND)) {
      if (ended()) return null;
      if (broken) throw new Error(`The browser's film encoder failed: ${broken.message}.`);
      const turned = await page.turn(1_000 / PICTURES_A_SECOND);
      if (turned === null) break;
      if (!turned || encoder.encodeQueueSize > 3) await breath();
      if (performance.now() - came > PATIENCE_MS) throw new Error("The simulation does not go on: no film was made.");
      if (!turned) continue;
      came = performance.now();
      moment = await page.moment();
      paper.paint(ctx, moment);
      const picture = new VideoFrame(canvas, { timestamp: (count * 1_000_000) / PICTURES_A_SECOND, duration: 1_000_000 / PICTURES_A_SECOND });
      encoder.encode(picture, { keyFrame: count % KEY_EVERY === 0 });
      picture.close();
      count += 1;
      told(moment.now_us, count / PICTURES_A_SECOND);
      while (encoder.encodeQueueSize > 8 && !broken) await breath();
    }
    await encoder.flush();
    if (ended()) return null;
    const ms = (count * 1_000) / PICTURES_A_SECOND;
    return { blob: webm({ codec: name, ...size, ms, pictures }), seconds: ms / 1_000, until_us: moment.now_us };
  } finally {
    if (encoder.state !== "closed") encoder.close();
    await page.end();
  }
}
