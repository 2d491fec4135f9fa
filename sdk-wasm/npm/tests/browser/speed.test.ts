/** How fast the first status shows, and how long it keeps the page's main thread. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import type { Browser, CDPSession } from "playwright-core";

import { freshContext, seeCode, seeNetwork, startBrowser } from "./support/browser.ts";
import { order, serveFixture } from "./support/fixture.ts";
import { checkoutToLive } from "./support/measures.ts";
import { World } from "./support/world.ts";

/** How much slower than this machine, and the budget there, in milliseconds of the main thread. */
const THROTTLE = 6;
const BUDGET = 250;

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

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const line = (what: string, values: number[]) =>
  `# ${what}: median ${median(values).toFixed(1)} ms, of ${values.map((value) => value.toFixed(1)).join(" ")}`;

/** What the page's main thread has done so far, in milliseconds. */
const spent = async (devtools: CDPSession) => {
  const { metrics } = await devtools.send("Performance.getMetrics");
  const read = (name: string) => 1000 * (metrics.find((metric) => metric.name == name)?.value ?? 0);
  return { script: read("ScriptDuration"), all: read("TaskDuration") };
};

test("from navigation to the first status", async (t) => {
  const { took } = await checkoutToLive(browser, shop, 5);
  console.log(line("checkout page, navigation to first status (order, socket and status included)", took));

  const fixture = await serveFixture("bare.ts", t);
  const bare: number[] = [];
  for (let run = 0; run < 5; run++) {
    const { context } = await freshContext(browser);
    const page = await context.newPage();
    await order(page, shop, fixture);
    await page.goto(fixture);
    await page.locator("body[data-status]").waitFor({ state: "attached" });
    bare.push(Number(await page.locator("body").getAttribute("data-at")));
    await context.close();
  }
  console.log(line("package alone, navigation to first status", bare));
});

test(`the main thread of a ${THROTTLE} times slower device stays free`, async (t) => {
  const fixture = await serveFixture("bare.ts", t);
  const empty: number[] = [];
  const bare: number[] = [];
  const script: number[] = [];
  const checkout: number[] = [];
  for (let run = 0; run < 3; run++) {
    const { context } = await freshContext(browser);
    const page = await context.newPage();
    await order(page, shop, fixture);
    const devtools = await context.newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: THROTTLE });
    let before = await spent(devtools);
    await page.goto(`${fixture}/blank`);
    empty.push((await spent(devtools)).all - before.all);

    before = await spent(devtools);
    await page.goto(fixture);
    await page.locator('body[data-connection="live"]').waitFor({ state: "attached" });
    bare.push((await spent(devtools)).all - before.all);

    before = await spent(devtools);
    await page.goto(shop);
    await seeCode(page);
    await seeNetwork(page, "live");
    const after = await spent(devtools);
    script.push(after.script - before.script);
    checkout.push(after.all - before.all);
    await context.close();
  }
  console.log(line(`an empty page, main thread at ${THROTTLE}x`, empty));
  console.log(line(`a page with the package alone, main thread at ${THROTTLE}x`, bare));
  console.log(line(`checkout page, scripts at ${THROTTLE}x`, script));
  console.log(line(`checkout page, main thread at ${THROTTLE}x, layout and painting included`, checkout));
  // A busy machine only adds, so the best run says most.
  const cost = Math.min(...bare) - Math.min(...empty);
  assert.ok(cost < BUDGET, `the package keeps the main thread for ${cost} ms, over ${BUDGET} ms`);
  assert.ok(Math.min(...script) < BUDGET, `the page's scripts keep the main thread for over ${BUDGET} ms`);
});
