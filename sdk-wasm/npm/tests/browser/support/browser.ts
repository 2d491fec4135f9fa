/** The real Chromium, and what a test looks at on the checkout page. */
import { strict as assert } from "node:assert";

import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

import { launch } from "../../support/chromium.ts";

/** How long a page may take to show what it should, in milliseconds. Reached by a hung page only. */
export const PATIENCE = 60_000;

/** Starts Chromium under Playwright. */
export const startBrowser = (): Promise<Browser> => launch();

/** A fresh browser profile. Whatever a page complains about goes to `complaints`. */
export const freshContext = async (
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; complaints: string[] }> => {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  context.on("console", (message) => message.type() == "error" && complaints.push(message.text()));
  context.on("weberror", (error) => complaints.push(String(error.error())));
  return { context, complaints };
};

/** Complaints that are not the browser's own lines about a network that the test has taken away. */
export const assertCalm = (complaints: string[]): void =>
  assert.deepEqual(
    complaints.filter((text) => !/WebSocket connection to|net::ERR_|Failed to load resource/.test(text)),
    [],
  );

/** Waits until the page shows this view: the card of the checkout, or the phone's page. */
export const seeView = async (page: Page, view: string): Promise<void> => {
  const phone = `body[data-view="${view}"] [data-view-of~="${view}"]`;
  await page.locator(`transfer-checkout[view="${view}"], ${phone}`).waitFor();
};

/** Waits until news travels this way. */
export const seeNetwork = async (page: Page, state: string, timeout = PATIENCE): Promise<void> => {
  await page.locator(`#network[data-state="${state}"]`).waitFor({ state: "attached", timeout });
};

/** Waits until the page has its code on show; the transfer's id and the code's text. */
export const seeCode = async (page: Page): Promise<{ id: string; qr: string }> => {
  await seeView(page, "waiting");
  const qr = (await page.locator("#here").getAttribute("href"))!;
  return { id: new URL(qr).pathname.split("/t/")[1]!, qr };
};

/** Waits for something that no page shows. */
export const until = async (what: string, is: () => boolean | Promise<boolean>, timeout = PATIENCE): Promise<void> => {
  const deadline = Date.now() + timeout;
  while (!(await is())) {
    if (Date.now() > deadline) assert.fail(`not within ${timeout} ms: ${what}`);
    await new Promise((wake) => setTimeout(wake, 25));
  }
};
