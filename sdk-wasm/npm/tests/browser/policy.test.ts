/** The page's Content-Security-Policy: with WebAssembly, and without. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { assertCalm, freshContext, seeCode, seeNetwork, seeView, startBrowser } from "./support/browser.ts";
import { withPolicy } from "./support/relay.ts";
import { World } from "./support/world.ts";

const WASM = " 'wasm-unsafe-eval'";

let world: World;
let browser: Browser;
let shop: string;

before(async () => {
  [world, browser] = await Promise.all([World.start(), startBrowser()]);
  shop = await world.shop();
});
after(async () => {
  await browser?.close();
  await world?.close();
});

for (const wasm of [true, false]) {
  test(`a strict policy ${wasm ? "with" : "without"} ${WASM.trim()}: the payment shows`, async (t) => {
    const { context, complaints } = await freshContext(browser);
    const page = await context.newPage();
    const scripts: string[] = [];
    page.on("request", (request) => request.resourceType() == "script" && scripts.push(request.url()));
    const change = (policy: string) => {
      assert.ok(policy.includes(WASM) && !policy.includes("'unsafe-"), policy);
      return wasm ? policy : policy.replace(WASM, "");
    };
    const url = await withPolicy(shop, change, t);
    await page.goto(url);
    const { id } = await seeCode(page);
    await seeNetwork(page, "live");
    await world.update(id, "processing");
    await seeView(page, "processing");
    await world.update(id, "completed");
    await seeView(page, "completed");
    const fallback = scripts.filter((url) => url.includes("fallback"));
    assert.equal(fallback.length, wasm ? 0 : 1, "the session in JavaScript is loaded only where it is needed");
    if (wasm) assertCalm(complaints);
    // The browser reports the refusal that the package has asked for; nothing else.
    else
      assert.ok(
        complaints.every((text) => /WebAssembly|wasm/i.test(text)),
        complaints.join("\n"),
      );
    await context.close();
  });
}
