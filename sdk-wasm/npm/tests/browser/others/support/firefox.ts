/** Firefox, headless, by WebDriver BiDi under Puppeteer. */
import { launch, type Browser, type Page } from "puppeteer-core";

import type { Driven, Settings, Tab } from "./driven.ts";

class FirefoxTab implements Tab {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async goto(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async back(): Promise<void> {
    // Puppeteer waits for a load, which there is none of where the page comes out of the cache.
    await this.#page.evaluate("void setTimeout(() => history.back())");
  }

  toFront(): Promise<void> {
    return this.#page.bringToFront();
  }

  evaluate(expression: string): Promise<unknown> {
    return this.#page.evaluate(expression);
  }

  close(): Promise<void> {
    return this.#page.close();
  }
}

export class Firefox implements Driven {
  readonly version: string;
  readonly #browser: Browser;

  private constructor(browser: Browser, version: string) {
    this.#browser = browser;
    this.version = version;
  }

  /** Starts the one that `FIREFOX` names. */
  static async start({ withoutSiteData = false }: Settings = {}): Promise<Driven> {
    const browser = await launch({
      browser: "firefox",
      executablePath: process.env["FIREFOX"]!,
      headless: true,
      extraPrefsFirefox: {
        // "Block all cookies" is what it is called there; it takes storage, locks and channels too.
        ...(withoutSiteData && { "network.cookie.cookieBehavior": 2 }),
        "app.normandy.enabled": false,
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
      },
    });
    return new Firefox(browser, await browser.version());
  }

  async open(url: string): Promise<Tab> {
    const page = await this.#browser.newPage();
    const tab = new FirefoxTab(page);
    await tab.toFront();
    await tab.goto(url);
    return tab;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
