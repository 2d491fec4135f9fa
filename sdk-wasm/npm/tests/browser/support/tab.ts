/** Tabs of fixtures/tab.ts: opening them, and what they remember. */
import { strict as assert } from "node:assert";

import type { BrowserContext, Page } from "playwright-core";

import type { TransferWatch } from "@transfer-status/client";

declare global {
  var watch: TransferWatch;
  var story: [at: number, what: string, more: string][];
}

/** The address of a tab that watches with these options. */
export const tabAddress = (fixture: string, options: object): string =>
  `${fixture}/#${encodeURIComponent(JSON.stringify(options))}`;

/** Opens so many tabs of one browser that watch the same, one after the other, each once the one before is live. */
export const openTabs = async (context: BrowserContext, address: string, count: number): Promise<Page[]> => {
  const tabs: Page[] = [];
  while (tabs.length < count) {
    const tab = await context.newPage();
    await tab.goto(address);
    await seeConnection(tab, "live");
    tabs.push(tab);
  }
  return tabs;
};

/** Waits until the tab says that news travels this way. */
export const seeConnection = async (tab: Page, connection: string): Promise<void> => {
  await tab.locator(`body[data-connection="${connection}"]`).waitFor({ state: "attached" });
};

/** Waits until the tab shows this status. */
export const seeStatus = async (tab: Page, status: string): Promise<void> => {
  await tab.locator(`body[data-status="${status}"]`).waitFor({ state: "attached" });
};

/** What the tab remembers, from `since` on, in milliseconds after it. */
export const storyOf = async (tab: Page, since = 0): Promise<{ at: number; what: string; more: string }[]> => {
  const story = await tab.evaluate(() => globalThis.story);
  const faults = story.filter(([, what]) => what == "fault");
  assert.deepEqual(faults, [], "no error that nobody handles");
  return story.filter(([at]) => at >= since).map(([at, what, more]) => ({ at: at - since, what, more }));
};

/** Whether the tab said "live" at any moment between two times, in milliseconds since 1970. */
export const saidLive = async (tab: Page, from: number, to: number): Promise<boolean> => {
  const told = (await storyOf(tab)).filter(({ what }) => what == "connection");
  return told.some(({ at, more }, i) => more == "live" && at < to && (told[i + 1]?.at ?? Infinity) > from);
};
