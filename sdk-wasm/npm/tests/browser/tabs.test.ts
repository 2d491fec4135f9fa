/** Tabs of one browser that watch the same payment share one socket. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { sign } from "../support/server.ts";
import { assertCalm, freshContext, seeCode, seeNetwork, seeView, startBrowser, until } from "./support/browser.ts";
import { serveFixture } from "./support/fixture.ts";
import { openTabs, saidLive, seeConnection, seeStatus, storyOf, tabAddress } from "./support/tab.ts";
import { World } from "./support/world.ts";

/** How long a link must have been up before its loss costs no backoff, in milliseconds. */
const HELD = 5_000;

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

const held = () => new Promise((wake) => setTimeout(wake, HELD + 500));

for (const spoil of ["mute", "drop"] as const) {
  test(`two tabs, their socket is lost (${spoil}), and upgrades hang: both show the news by polling`, async (t) => {
    t.after(() => {
      world.gateway.sockets = "pass";
    });
    const fixture = await serveFixture("tab.ts", t);
    const { context } = await freshContext(browser);
    const transferId = `hung-${spoil}`;
    const options = { url: world.gateway.url, transferId, signature: sign(transferId) };
    const tabs = await openTabs(context, tabAddress(fixture, options), 2);
    await held();
    world.gateway.sockets = "hang";
    const lost = Date.now();
    world.gateway[spoil]();
    // Told while no socket brings it.
    await world.update(transferId, "completed");
    await Promise.all(tabs.map((tab) => seeStatus(tab, "completed")));
    const told = Date.now();
    console.log(`# lost by ${spoil}: both tabs show the final status ${((told - lost) / 1000).toFixed(1)} s later`);
    for (const tab of tabs) {
      // 20 s of silence, 10 s for the pong: after that there is nothing that could be called live.
      assert.equal(await saidLive(tab, lost + 35_000, told), false, "says live with no socket");
    }
    await context.close();
  });
}

test("the server is killed under five tabs: each backs off by itself, and none dials behind a link it calls live", async (t) => {
  const fixture = await serveFixture("tab.ts", t);
  const { context } = await freshContext(browser);
  const transferId = "five-tabs";
  const options = { url: world.gateway.url, transferId, signature: sign(transferId) };
  const tabs = await openTabs(context, tabAddress(fixture, options), 5);
  await held();
  const killed = Date.now();
  await world.killServer();
  await Promise.all(
    tabs.map((tab) => until("it has dialled", async () => dialsOf(await storyOf(tab, killed)).length > 0)),
  );
  const firsts: number[] = [];
  for (const tab of tabs) {
    const story = await storyOf(tab, killed);
    const dial = dialsOf(story)[0]!;
    const lost = story.findIndex(({ what, more }) => what == "connection" && more == "reconnecting");
    assert.ok(lost >= 0 && lost < story.indexOf(dial), "it says that its link is lost before it dials");
    firsts.push(dial.at);
  }
  firsts.sort((a, b) => a - b);
  console.log(`# five tabs, first dials ${firsts.join(", ")} ms after the kill`);
  assert.ok(new Set(firsts.map((at) => Math.round(at / 20))).size > 2, "spread, each by its own jitter");
  await world.startServer();
  await world.update(transferId, "completed");
  await Promise.all(tabs.map((tab) => seeStatus(tab, "completed")));
  await context.close();
});

test("the end of a payment: no tab dials for nothing", async (t) => {
  const fixture = await serveFixture("tab.ts", t);
  for (let payment = 0; payment < 6; payment++) {
    const { context } = await freshContext(browser);
    const transferId = `ended-${payment}`;
    const options = { url: world.gateway.url, transferId, signature: sign(transferId) };
    const tabs = await openTabs(context, tabAddress(fixture, options), 3);
    const dialled = world.gateway.dials.length;
    await world.update(transferId, "completed");
    await Promise.all(tabs.map((tab) => seeConnection(tab, "closed")));
    assert.equal(world.gateway.dials.length, dialled);
    await context.close();
  }
});

test("a wrong signature sees nothing beside a tab with a right one", async (t) => {
  const fixture = await serveFixture("tab.ts", t);
  const { context } = await freshContext(browser);
  const transferId = "wrong-beside-right";
  const right = { url: world.gateway.url, transferId, signature: sign(transferId) };
  const [tab] = await openTabs(context, tabAddress(fixture, right), 1);
  const other = await context.newPage();
  await other.goto(tabAddress(fixture, { ...right, signature: sign(transferId, { secret: "not-the-service's-key" }) }));
  await seeConnection(other, "closed");
  const story = await storyOf(other);
  assert.deepEqual(
    story.filter(({ what }) => what == "status" || what == "error").map(({ what, more }) => [what, more]),
    [["error", "unauthorized"]],
  );
  await world.update(transferId, "completed");
  await seeStatus(tab!, "completed");
  await context.close();
});

const dialsOf = <Happened extends { what: string }>(story: Happened[]) => story.filter(({ what }) => what == "dial");
