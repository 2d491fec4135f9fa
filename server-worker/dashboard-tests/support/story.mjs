// The stage of a test file: a server of its own, one browser, and a fresh page for each story told on it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "../../../sdk-wasm/npm/tests/support/chromium.ts";
import { Server } from "../../../sdk-wasm/npm/tests/support/server.ts";
import { openPage } from "./browser.mjs";

let browser = null;

/**
 * Starts a server around the tests of this file, with `flags` of `cargo xtask serve`; `story(name, run, options)` of what is
 * returned is one of them.
 */
export function stage(env = {}, ...flags) {
  const self = { server: null, story };
  before(async () => {
    browser ??= launch();
    [self.server] = await Promise.all([Server.start(env, ...flags), browser]);
  });
  after(async () => {
    await (await browser)?.close();
    await self.server?.stop();
  });

  function story(name, run, options = {}) {
    test(name, { timeout: 60_000 }, async () => {
      const page = await openPage(await browser, options);
      page.setDefaultTimeout(15_000);
      try {
        await run(page);
        assert.deepEqual(page.problems, [], "the page has had no trouble of its own");
      } finally {
        await page.context().close();
      }
    });
  }
  return self;
}
