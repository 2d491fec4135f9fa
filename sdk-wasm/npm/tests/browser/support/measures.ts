/** What the page's users wait for, measured: until it is live, and from a return to the news that came meanwhile. */
import { strict as assert } from "node:assert";

import type { Browser, BrowserContext } from "playwright-core";

import { sign } from "../../support/server.ts";
import { freshContext, until } from "./browser.ts";
import { TabbedBrowser } from "./devtools.ts";
import { openTabs, seeConnection, seeStatus, tabAddress } from "./tab.ts";
import type { World } from "./world.ts";

/** Silence after which a hint is worth a probe, in milliseconds, and a little. */
const SILENT = 3_200;

/** The options of a tab that watches this transfer. */
const watching = (world: World, transferId: string) => ({
  url: world.gateway.url,
  transferId,
  signature: sign(transferId),
});

/** What `measure` gives for so many contexts, each with a profile that nobody has used. */
const inFreshContexts = async (
  browser: Browser,
  times: number,
  measure: (context: BrowserContext, i: number) => Promise<number>,
): Promise<number[]> => {
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const { context } = await freshContext(browser);
    took.push(await measure(context, i));
    await context.close();
  }
  return took;
};

/** From the start of the navigation to "live" on a page with the package alone, each time in a new profile. */
export const packageToLive = (world: World, browser: Browser, fixture: string, times: number): Promise<number[]> =>
  inFreshContexts(browser, times, async (context, i) => {
    const page = await context.newPage();
    await page.goto(tabAddress(fixture, watching(world, `live-${i}`)));
    await seeConnection(page, "live");
    return page.evaluate(() => {
      const [at] = globalThis.story.find(([, what, more]) => what == "connection" && more == "live")!;
      return at - performance.timeOrigin;
    });
  });

/** From the start of the navigation to "live" on the checkout page, and what the page has loaded, in bytes on the wire. */
export const checkoutToLive = async (
  browser: Browser,
  shop: string,
  times: number,
): Promise<{ took: number[]; bytes: number; requests: number }> => {
  let bytes = 0;
  let requests = 0;
  const took = await inFreshContexts(browser, times, async (context) => {
    await context.addInitScript(() => {
      const look = () => {
        const card = document.querySelector("transfer-checkout")?.shadowRoot;
        const live = card?.querySelector('#network[data-state="live"]');
        if (live) document.documentElement.dataset["live"] = String(performance.now());
        else requestAnimationFrame(look);
      };
      look();
    });
    const page = await context.newPage();
    await page.goto(shop);
    await page.locator("html[data-live]").waitFor({ state: "attached" });
    ({ bytes, requests } = await page.evaluate(() => {
      const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
      const sizes = loaded.map((entry) => (entry as PerformanceResourceTiming).transferSize);
      return { bytes: sizes.reduce((sum, size) => sum + size, 0), requests: sizes.length };
    }));
    return Number(await page.locator("html").getAttribute("data-live"));
  });
  return { took, bytes, requests };
};

/**
 * From the moment that a hidden tab is visible again to the final status, on a socket that has died without a word: so
 * many times in each of so many rounds.
 */
export const visibleToNews = async (
  world: World,
  browser: TabbedBrowser,
  fixture: string,
  { rounds, atOnce }: { rounds: number; atOnce: number },
): Promise<number[]> => {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const open = async (i: number) => {
      const transferId = `return-${round}-${i}`;
      const tab = await browser.open(tabAddress(fixture, watching(world, transferId)));
      await tab.see("globalThis.watch?.connection", "live");
      return { tab, transferId };
    };
    const tabs = [];
    for (let i = 0; i < atOnce; i++) tabs.push(await open(i));
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
  return took;
};

/** The same from the moment that the browser is online again, after a network that has lost everything without a word. */
export const onlineToNews = (world: World, browser: Browser, fixture: string, times: number): Promise<number[]> =>
  inFreshContexts(browser, times, async (context, i) => {
    const transferId = `online-${i}`;
    const [page] = await openTabs(context, tabAddress(fixture, watching(world, transferId)), 1);
    await page!.evaluate(() =>
      addEventListener("online", () => globalThis.story.push([Date.now(), "online", ""]), true),
    );
    world.gateway.cut();
    await context.setOffline(true);
    await page!.waitForFunction(() => !navigator.onLine);
    await world.update(transferId, "completed");
    await new Promise((wake) => setTimeout(wake, SILENT));
    world.gateway.restore();
    await context.setOffline(false);
    await seeStatus(page!, "completed");
    return page!.evaluate(() => {
      const at = (wanted: string) => globalThis.story.find(([, what, more]) => wanted == what + more)![0];
      return at("statuscompleted") - at("online");
    });
  });
