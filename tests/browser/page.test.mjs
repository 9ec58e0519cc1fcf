// The page, as a person meets it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { SITE, closeShared, withPage } from "./fixture.mjs";

after(closeShared);

test("the page opens, shows something, and hears its worker", () =>
  withPage(SITE, async (page) => {
    await page.getByRole("heading", { name: "Kafkarium" }).waitFor();
    await page.locator("#worker-says", { hasText: "hello" }).waitFor();
    assert.equal(await page.title(), "Kafkarium");
  }));

test("the fixture sees a breach of the security policy and a request that leaves the page", () =>
  withPage(
    SITE,
    async (page, { faults }) => {
      await page.evaluate(async () => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'breached'";
        document.body.append(script);
        await fetch("http://other.invalid/").catch(() => {});
      });
      assert.notEqual(await page.title(), "breached");
      assert.ok(faults.some((fault) => fault.includes("script-src-elem")), `inline script: ${faults}`);
      assert.ok(faults.some((fault) => fault.includes("connect-src")), `other origin: ${faults}`);
    },
    { expectFaults: true },
  ));
