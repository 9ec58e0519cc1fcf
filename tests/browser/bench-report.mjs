// Runs benchmark cases somewhere, prints a line for each, and sets the figures beside their targets.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const QUEUE = "bare queue beside the ";
const SEEKS = 200;
const ROUNDS = 7;

/** Runs each case a few times by `call(function, ...arguments) -> { result, milliseconds }`; the best, by name. */
export async function measure(where, call) {
  const cases = {};
  const names = JSON.parse((await call("bench_cases")).result);
  for (let at = 0; at < names.length; at += 2) {
    // A scene and the queue beside it take turns: what slows the machine for a while slows both.
    const pair = names.slice(at, at + 2);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of pair) {
        await call("prepare", name);
        const { result, milliseconds } = await call("bench", name);
        if (!(milliseconds >= cases[name]?.milliseconds)) cases[name] = { milliseconds, ...JSON.parse(result) };
      }
    }
    for (const name of pair) console.log(line(where, cases[name]));
  }
  await call("open_for_seeks");
  const seeks = [];
  for (let n = 1; n <= SEEKS; n += 1) seeks.push((await call("seek", n)).milliseconds);
  return { cases, seek_p95_ms: percentile(seeks, 95) };
}

export const percentile = (values, percent) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * percent) / 100))];

const rate = ({ events, milliseconds }) => events / milliseconds / 1000;
const realTime = ({ virtual_ms, milliseconds }) => virtual_ms / milliseconds;

function line(where, one) {
  const times = one.virtual_ms > 0 ? `${realTime(one).toFixed(1)} x real time` : "";
  const speed = `${rate(one).toFixed(2)} M events/s`;
  return [where.padEnd(8), one.case.padEnd(42), speed.padStart(20), times.padStart(22), one.digest].join(" ");
}

/** What the native run left. */
export async function native() {
  const { cases, seek_p95_ms } = JSON.parse(await readFile(join(root, "target/probe/bench.json"), "utf8"));
  const named = cases.map(({ milliseconds, result }) => [result.case, { milliseconds, ...result }]);
  return { cases: Object.fromEntries(named), seek_p95_ms };
}

/** Prints the figures of one place beside their targets. */
export function figures(where, here, there) {
  const say = (what, value, target) => console.log(`figure   ${what.padEnd(62)} ${value.padStart(14)}   target ${target}`);
  for (const [name, one] of Object.entries(here.cases)) {
    if (name.startsWith(QUEUE)) continue;
    const queue = here.cases[QUEUE + name];
    const share = rate(one) / rate(queue);
    if (where === "native") say(`${name}: events a second against the bare queue`, share.toFixed(3), ">= 0.25");
    if (where === "native" && name === "default scene") say(`${name}: times real time, native`, realTime(one).toFixed(0), ">= 5000");
    if (where === "worker") say(`${name}: times real time, in the worker`, realTime(one).toFixed(1), name === "large scene" ? ">= 10" : "none: as it stands");
    if (there) {
      if (one.digest !== there.cases[name].digest) throw new Error(`${name}: another run in ${where} than native`);
      const ours = rate(one) / rate(there.cases[name]);
      const bare = rate(queue) / rate(there.cases[QUEUE + name]);
      say(`${name}: WebAssembly/native (${where}), against the bare queue's`, (ours / bare).toFixed(3), ">= 0.90");
    }
  }
  say(`seek in 10 simulated minutes of the default scene, ${where}, 95 %`, `${here.seek_p95_ms.toFixed(1)} ms`, "<= 100 ms");
}
