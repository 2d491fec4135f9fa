/** A browser that is not Chromium, as its tests see it: tabs that come to the front, go back, and are asked. */
import { until } from "../../support/browser.ts";

/** One tab. Expressions are evaluated in its page, to what JSON can hold. */
export interface Tab {
  goto(url: string): Promise<void>;
  /** As by the browser's own button. */
  back(): Promise<void>;
  /** Brings the tab to the front; the one before it is hidden from then on. */
  toFront(): Promise<void>;
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

/** A running browser with an empty profile. */
export interface Driven {
  /** Name and version, as the browser says them. */
  readonly version: string;
  /** Opens a tab in front. */
  open(url: string): Promise<Tab>;
  close(): Promise<void>;
}

/** What a test may want of a browser's settings. */
export interface Settings {
  /** No site data at all. */
  withoutSiteData?: boolean;
}

/** Waits until the expression has this value in the tab's page; a page that is just being loaded has none. */
export const see = async (tab: Tab, expression: string, value: unknown): Promise<void> => {
  let last: unknown;
  const is = async () => (last = await tab.evaluate(expression).catch((error: Error) => error.message)) === value;
  try {
    await until(`${expression} is ${value}`, is);
  } catch (error) {
    throw new Error(`${(error as Error).message}; it is ${JSON.stringify(last)}`);
  }
};
