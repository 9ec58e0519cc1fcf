// One line a case: where, which, events a second, digest.
/** Runs each case three times with `run(name) -> { result, milliseconds }` and prints the best. */
export async function report(where, cases, run) {
  for (const name of cases) {
    const runs = [];
    for (let i = 0; i < 3; i += 1) runs.push(await run(name));
    const best = runs.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a));
    const { events, digest } = JSON.parse(best.result);
    const rate = events / best.milliseconds / 1000;
    const columns = [where.padEnd(8), name.padEnd(32), `${rate.toFixed(2)} M events/s`.padStart(20)];
    console.log(`${columns.join(" ")}  ${best.milliseconds.toFixed(1)} ms  ${digest}`);
  }
}
