/** The React hook in a real React, under Strict Mode. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { assertCalm, freshContext, startBrowser, until } from "./support/browser.ts";
import { order, serveFixture } from "./support/fixture.ts";
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

test("Strict Mode mounts twice and opens one socket; unmounting closes it", async (t) => {
  const fixture = await serveFixture("react.tsx", t);
  const { context, complaints } = await freshContext(browser);
  const page = await context.newPage();
  const id = await order(page, await world.shop(), fixture);
  await page.goto(fixture);
  const live = page.locator('#payment[data-connection="live"]', { hasText: "pending" });
  await live.waitFor();
  // Time for a second socket to show up, were there one.
  await page.waitForTimeout(500);
  assert.equal(world.gateway.dials.length, 1, "one socket");

  await world.update(id, "processing");
  await page.locator("#payment", { hasText: "processing" }).waitFor();
  assert.equal(world.gateway.dials.length, 1, "rendering again opens none");

  await page.getByRole("button").click();
  await until("the socket is closed", () => world.gateway.open == 0);
  await page.getByRole("button").click();
  await page.locator("#payment", { hasText: "processing" }).waitFor();
  assert.equal(world.gateway.dials.length, 2, "mounting again opens one");

  await world.update(id, "completed");
  await page.locator("#payment", { hasText: "completed" }).waitFor();
  await until("the final status closes it", () => world.gateway.open == 0);
  assertCalm(complaints);
  await context.close();
});
