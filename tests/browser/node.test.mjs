// The simulation in Node: the digest table must be the native one, bit for bit. Needs no browser and no package.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const target = new URL("../../target/probe/", import.meta.url);

test("Node computes the native digest table", async () => {
  const probe = createRequire(import.meta.url)(fileURLToPath(new URL("node/probe.js", target)));
  const native = JSON.parse(await readFile(new URL("native.json", target), "utf8"));
  assert.ok(native.length > 0, "the table has rows");
  assert.deepEqual(JSON.parse(probe.digest_table()), native);
});
