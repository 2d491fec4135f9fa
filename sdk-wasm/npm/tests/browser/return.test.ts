/** The moment of truth: the customer comes back from the bank's app, and the socket has died without a word. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import { TabbedBrowser } from "./support/devtools.ts";
import { serveFixture } from "./support/fixture.ts";
import { visibleToNews } from "./support/measures.ts";
import { World } from "./support/world.ts";

/** How many tabs are looked at at a time, each waiting for its silence, and how often. */
const AT_ONCE = { rounds: 5, atOnce: 10 };
const TIMES = AT_ONCE.rounds * AT_ONCE.atOnce;
/** What a round trip to the service takes, in milliseconds. */
const ROUND_TRIP = 100;
/**
 * Where the poll beside the probe is lost as well, on a connection of the browser's that died with the socket's, the
 * news comes with the one that is asked after 2 s.
 */
const LONGEST = 3_000;

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
  const took = await visibleToNews(world, browser, fixture, AT_ONCE);
  took.sort((a, b) => a - b);
  const [median, longest] = [took[TIMES / 2]!, took.at(-1)!];
  console.log(
    `# visible to final status, ${took.length} times with ${ROUND_TRIP} ms of round trip: median ${median} ms, longest ${longest} ms`,
  );
  assert.ok(median < 1_000, `median ${median} ms`);
  assert.ok(longest < LONGEST, `longest ${longest} ms`);
});
