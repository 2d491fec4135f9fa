/** The moment of truth: the customer comes back from the bank's app, and the socket has died without a word. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import { sign } from "../support/server.ts";
import { until } from "./support/browser.ts";
import { TabbedBrowser } from "./support/devtools.ts";
import { serveFixture } from "./support/fixture.ts";
import { tabAddress } from "./support/tab.ts";
import { World } from "./support/world.ts";

/** How often it is measured, and what a round trip to the service takes, in milliseconds. */
const TIMES = 50;
const ROUND_TRIP = 100;
/** Silence after which a hint is worth a probe, in milliseconds, and a little. */
const SILENT = 3_200;
/**
 * Where the poll beside the probe is lost as well, on a connection of the browser's that died with the socket's, the
 * news comes with the one that is asked after 2 s.
 */
const LONGEST = 3_000;
/** How many tabs are looked at at a time: each waits for its silence. */
const AT_ONCE = 10;

let world: World;
let browser: TabbedBrowser;

before(async () => {
  [world, browser] = await Promise.all([World.start(), TabbedBrowser.start()]);
});
after(async () => {
  await browser?.close();
  await world?.close();
});

test(`visible again on a socket that is silently dead: the final status shows, ${TIMES} times`, async (t) => {
  const fixture = await serveFixture("tab.ts", t);
  world.gateway.latency = ROUND_TRIP / 2;
  const took: number[] = [];
  for (let round = 0; round < TIMES / AT_ONCE; round++) {
    const open = async (i: number) => {
      const transferId = `return-${round}-${i}`;
      const options = { url: world.gateway.url, transferId, signature: sign(transferId) };
      const tab = await browser.open(tabAddress(fixture, options));
      await tab.see("globalThis.watch?.connection", "live");
      return { tab, transferId };
    };
    const tabs = [];
    for (let i = 0; i < AT_ONCE; i++) tabs.push(await open(i));
    const elsewhere = await browser.open("about:blank");
    await elsewhere.toFront();
    for (const { tab } of tabs) await tab.see("document.visibilityState", "hidden");
    world.gateway.mute();
    for (const { transferId } of tabs) await world.update(transferId, "completed");
    await new Promise((wake) => setTimeout(wake, SILENT));
    for (const { tab } of tabs) {
      assert.equal(await tab.evaluate("watch.latest.status"), "pending", "the socket is dead: nothing has come");
      await tab.evaluate(`document.addEventListener("visibilitychange", () => (globalThis.seen ??= Date.now()), true)`);
      await tab.toFront();
      await until("the final status shows", async () => (await tab.evaluate("watch.latest.status")) === "completed");
      took.push(
        Number(await tab.evaluate(`story.find(([, what, more]) => what == "status" && more == "completed")[0] - seen`)),
      );
      await elsewhere.toFront();
    }
    for (const { tab } of tabs) await tab.close();
    await elsewhere.close();
  }
  took.sort((a, b) => a - b);
  const [median, longest] = [took[TIMES / 2]!, took.at(-1)!];
  console.log(
    `# visible to final status, ${took.length} times with ${ROUND_TRIP} ms of round trip: median ${median} ms, longest ${longest} ms`,
  );
  assert.ok(median < 1_000, `median ${median} ms`);
  assert.ok(longest < LONGEST, `longest ${longest} ms`);
});
