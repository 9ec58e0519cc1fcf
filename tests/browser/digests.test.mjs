// The simulation in a Chromium page and in its worker: the digest table must be the native one, bit for bit.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { PROBE, closeShared, root, withPage } from "./fixture.mjs";

after(closeShared);

const native = async () => JSON.parse(await readFile(join(root, "target/probe/native.json"), "utf8"));

test("a page computes the native digest table", () =>
  withPage(PROBE, async (page) => {
    const { result } = await page.evaluate(() => window.callInPage("digest_table"));
    assert.deepEqual(JSON.parse(result), await native());
  }));

test("a worker computes the native digest table", () =>
  withPage(PROBE, async (page) => {
    const { result } = await page.evaluate(() => window.callInWorker("digest_table"));
    assert.deepEqual(JSON.parse(result), await native());
  }));
