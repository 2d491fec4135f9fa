/** A payment goes on through whatever happens between the page and the service. */
import { strict as assert } from "node:assert";
import { after, afterEach, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { assertCalm, freshContext, seeCode, seeNetwork, seeView, startBrowser } from "./support/browser.ts";
import { World } from "./support/world.ts";

/** How long the browser is offline. */
const OFFLINE = 30_000;

let world: World;
let browser: Browser;
let shop: string;

before(async () => {
  [world, browser] = await Promise.all([World.start(), startBrowser()]);
  shop = await world.shop();
});
afterEach(() => world.gateway.allowSockets(true));
after(async () => {
  await browser?.close();
  await world?.close();
});

/** Opens the checkout and waits until its socket is up. */
const checkout = async () => {
  const { context, complaints } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(shop);
  const { id, qr } = await seeCode(page);
  await seeNetwork(page, "live");
  return { context, complaints, page, id, qr };
};

/** How many times the page asked for the transfer's status by HTTP. */
const countPolls = (page: Page) => {
  const polls = { count: 0 };
  page.on("request", (request) => /\/transfer\/[^/]+$/.test(request.url()) && polls.count++);
  return polls;
};

test("the server is killed and started again in the middle of a payment", async () => {
  const { context, complaints, page, id } = await checkout();
  await world.update(id, "processing");
  await seeView(page, "processing");
  await world.killServer();
  // Three quick attempts may have failed before the page mentions the first.
  await page.locator("#network", { hasText: /^(Reconnecting|Slow network|The payment service)/ }).waitFor();
  await seeView(page, "processing");
  await world.startServer();
  await world.update(id, "completed");
  await seeView(page, "completed");
  assertCalm(complaints);
  await context.close();
});

test("thirty seconds offline, and the payment that went through meanwhile shows at once", async () => {
  const { context, complaints, page, id } = await checkout();
  await world.update(id, "processing");
  await seeView(page, "processing");
  const away = Date.now();
  world.gateway.cut();
  await context.setOffline(true);
  await seeNetwork(page, "offline");
  assert.match((await page.locator("#network").textContent())!, /^You are offline/);
  await world.update(id, "completed");
  await new Promise((wake) => setTimeout(wake, OFFLINE - (Date.now() - away)));
  await seeView(page, "processing");
  world.gateway.restore();
  await context.setOffline(false);
  const back = Date.now();
  await seeView(page, "completed");
  console.log(`# back online: paid after ${Date.now() - back} ms`);
  assert.ok(Date.now() - back < 5_000, "the hint of the browser is used, no backoff is waited for");
  assertCalm(complaints);
  await context.close();
});

test("a page that was left and is come back to goes on, from the back-forward cache or anew", async () => {
  const { context, complaints, page, id } = await checkout();
  await page.goto(`${shop}/assets/icon.svg`);
  await world.update(id, "processing");
  await page.goBack();
  await seeView(page, "processing");
  await world.update(id, "completed");
  await seeView(page, "completed");
  assertCalm(complaints);
  await context.close();
});

test("no socket gets through at all: the status is fetched, until sockets work again", async () => {
  world.gateway.allowSockets(false);
  const { context, complaints } = await freshContext(browser);
  const page = await context.newPage();
  const polls = countPolls(page);
  await page.goto(shop);
  const { id } = await seeCode(page);
  await seeNetwork(page, "polling");
  assert.match((await page.locator("#network").textContent())!, /^Slow network/);
  await world.update(id, "processing");
  await seeView(page, "processing");
  assert.ok(polls.count > 0);

  world.gateway.allowSockets(true);
  await seeNetwork(page, "live", 40_000);
  const during = polls.count;
  await world.update(id, "completed");
  await seeView(page, "completed");
  assert.equal(polls.count, during, "nothing is fetched beside the socket");
  assertCalm(complaints);
  await context.close();
});

test("a socket that stays open and dead is noticed and replaced", async () => {
  const { context, complaints, page, id } = await checkout();
  world.gateway.cut();
  await world.update(id, "processing");
  await seeNetwork(page, "reconnecting", 45_000);
  world.gateway.restore();
  await seeView(page, "processing");
  await world.update(id, "completed");
  await seeView(page, "completed");
  assertCalm(complaints);
  await context.close();
});
