/** Tabs of one browser that watch the same payment share one socket. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { assertCalm, freshContext, seeCode, seeNetwork, seeView, startBrowser, until } from "./support/browser.ts";
import { World } from "./support/world.ts";

let world: World;
let browser: Browser;

before(async () => {
  [world, browser] = await Promise.all([World.start(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await world?.close();
});

for (const ending of ["closed", "crashed"] as const) {
  test(`two tabs, one socket; the first is ${ending} and the second takes over`, async () => {
    const { context, complaints } = await freshContext(browser);
    const first = await context.newPage();
    const dialled = world.gateway.dials.length;
    await first.goto(await world.shop());
    const { id, qr } = await seeCode(first);
    await seeNetwork(first, "live");
    const second = await context.newPage();
    await second.goto(qr);
    await seeNetwork(second, "live");
    assert.equal(world.gateway.dials.length - dialled, 1, "one socket for both");

    await world.update(id, "processing");
    await Promise.all([seeView(first, "processing"), seeView(second, "processing")]);
    if (ending == "closed") await first.close();
    else {
      const crashed = first.waitForEvent("crash");
      await first.goto("chrome://crash").catch(() => {});
      await crashed;
    }
    await until("the second tab dials", () => world.gateway.dials.length - dialled == 2 && world.gateway.open == 1);
    await seeNetwork(second, "live");
    await world.update(id, "completed");
    await seeView(second, "completed");
    assert.equal(world.gateway.dials.length - dialled, 2);
    await until("no socket is left", () => world.gateway.open == 0);
    assertCalm(complaints);
    await context.close();
  });
}
