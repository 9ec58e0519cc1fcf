// WebM files: one track of video, as VideoEncoder gives it, with an index to seek by. Matroska is elements in elements:
// an id, a length, and what is in it (RFC 8794, RFC 9559).
const text = new TextEncoder();

/** A whole number as big-endian bytes, as few as it takes or `size`. */
function bytes(value, size = Math.max(1, Math.ceil(Math.log2(value + 1) / 8))) {
  return Uint8Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** (size - 1 - at)) % 256);
}

/** A length: its first set bit tells of how many bytes it is. Four hold all that fits into memory here. */
function length(value) {
  if (value >= 2 ** 28 - 1) throw new Error("The film is too large for one file: choose a shorter stretch.");
  const four = bytes(value, 4);
  four[0] |= 0x10;
  return four;
}

const sizeOf = (parts) => parts.reduce((sum, part) => sum + part.length, 0);

/** An element as a list of pieces, so that pictures are not copied again and again. */
function element(id, ...inside) {
  const parts = inside.flat();
  return [bytes(id), length(sizeOf(parts)), ...parts];
}

const number = (id, value, size) => element(id, [bytes(value, size)]);
const word = (id, value) => element(id, [text.encode(value)]);

function float(id, value) {
  const eight = new Uint8Array(8);
  new DataView(eight.buffer).setFloat64(0, value);
  return element(id, [eight]);
}

const head = () =>
  element(0x1a45dfa3, number(0x4286, 1), number(0x42f7, 1), number(0x42f2, 4), number(0x42f3, 8), word(0x4282, "webm"), number(0x4287, 4), number(0x4285, 2));

/** Times are whole milliseconds. */
const info = (ms) => element(0x1549a966, number(0x2ad7b1, 1_000_000), float(0x4489, ms), word(0x4d80, "Kafkarium"), word(0x5741, "Kafkarium"));

const tracks = (codec, width, height) =>
  element(
    0x1654ae6b,
    element(0xae, number(0xd7, 1), number(0x73c5, 1), number(0x83, 1), number(0x9c, 0), word(0x86, codec), element(0xe0, number(0xb0, width), number(0xba, height))),
  );

/** Pictures from one that needs no other up to the next such. */
function clusters(pictures) {
  const groups = [];
  for (const picture of pictures) {
    if (picture.key) groups.push([]);
    groups.at(-1).push(picture);
  }
  return groups.map((group) => {
    const from = group[0].ms;
    const block = ({ ms, key, data }) => element(0xa3, [bytes(0x81), bytes(ms - from, 2), bytes(key ? 0x80 : 0), data]);
    return { ms: from, parts: element(0x1f43b675, number(0xe7, from), ...group.map(block)) };
  });
}

/** Where to find each cluster: every position has four bytes, so that the index's own size does not depend on them. */
function index(found, before) {
  let at = before;
  const points = found.map(({ ms, parts }) => {
    const point = element(0xbb, number(0xb3, ms), element(0xb7, number(0xf7, 1), number(0xf1, at, 4)));
    at += sizeOf(parts);
    return point;
  });
  return element(0x1c53bb6b, ...points);
}

/**
 * A file. `codec` is Matroska's name (`V_VP9`); `pictures` are `{ ms, key, data }` in order, the first of them a key, with
 * less than 32 s from one key to the next; `ms` is how long all of it lasts.
 */
export function webm({ codec, width, height, ms, pictures }) {
  const before = [...info(ms), ...tracks(codec, width, height)];
  const found = clusters(pictures);
  const indexSize = sizeOf(index(found, 0));
  const cues = index(found, sizeOf(before) + indexSize);
  const segment = element(0x18538067, before, cues, ...found.map(({ parts }) => parts));
  return new Blob([...head(), ...segment], { type: "video/webm" });
}
