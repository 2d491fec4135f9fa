/** What `cargo xtask bench page` measures in Chromium; a JSON line a figure. Run by `npm run figures`. */
import { startBrowser } from "./support/browser.ts";
import { TabbedBrowser } from "./support/devtools.ts";
import { serveFixture } from "./support/fixture.ts";
import { checkoutToLive, onlineToNews, packageToLive, visibleToNews } from "./support/measures.ts";
import { World } from "./support/world.ts";

/** How often each is measured; what a round trip to the service takes, in milliseconds. */
const TIMES = 20;
const ROUND_TRIP = 100;

/** The nearest rank. */
const quantile = (sorted: number[], share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;

const tell = (what: string, of: string, took: number[]) => {
  const sorted = took.toSorted((a, b) => a - b);
  const longest = Math.round(quantile(sorted, 1));
  const note = `of ${took.length}, the longest ${longest} ms`;
  console.log(JSON.stringify({ what, of, value: Math.round(10 * quantile(sorted, 0.5)) / 10, unit: "ms", note }));
};

const ends: (() => unknown)[] = [];
try {
  const world = await World.start();
  ends.push(() => world.close());
  const shop = await world.shop();
  const fixture = await serveFixture("tab.ts", { after: (end: () => unknown) => ends.push(end) });
  world.gateway.latency = ROUND_TRIP / 2;

  const browser = await startBrowser();
  ends.push(() => browser.close());
  // What a browser does for the first time is not what it does.
  await packageToLive(world, browser, fixture, 1);
  const live = "From the start of the page to live, median";
  tell(live, "the package alone", await packageToLive(world, browser, fixture, TIMES));
  const { took, bytes, requests } = await checkoutToLive(browser, shop, TIMES);
  tell(live, "the checkout page", took);
  const all = "All that the checkout page loads, on the wire";
  console.log(JSON.stringify({ what: all, of: `${requests} requests`, value: bytes, unit: "B" }));

  const news = "From a return to the news, median";
  tell(news, "back online", await onlineToNews(world, browser, fixture, TIMES));
  const tabbed = await TabbedBrowser.start();
  ends.push(() => tabbed.close());
  tell(news, "visible again", await visibleToNews(world, tabbed, fixture, { rounds: 2, atOnce: TIMES / 2 }));
} finally {
  for (const end of ends.toReversed()) await end();
}
