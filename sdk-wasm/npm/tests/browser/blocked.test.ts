/** Browsers and frames that refuse what a page usually has: site data, an origin, room in the storage. */
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";

import type { Browser, BrowserContext } from "playwright-core";

import { executable, flags, tools } from "../support/chromium.ts";
import { sign } from "../support/server.ts";
import { assertCalm, freshContext, seeCode, seeNetwork, seeView, startBrowser } from "./support/browser.ts";
import { serveFixture } from "./support/fixture.ts";
import { seeConnection, seeStatus, storyOf, tabAddress } from "./support/tab.ts";
import { World } from "./support/world.ts";

let world: World;
let browser: Browser;

before(async () => {
  [world, browser] = await Promise.all([World.start(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await world?.close();
});

/** Chromium as a customer may have set it: no site data at all. */
const withoutSiteData = async (test: TestContext): Promise<BrowserContext> => {
  const profile = mkdtempSync(join(tmpdir(), "transfer-status-profile-"));
  mkdirSync(join(profile, "Default"));
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  writeFileSync(join(profile, "Default/Preferences"), JSON.stringify(settings));
  const options = { executablePath: executable(), args: flags };
  const context: BrowserContext = await tools("playwright-core").chromium.launchPersistentContext(profile, options);
  test.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  });
  return context;
};

test("with all site data blocked a watch goes live and shows the end", async (t) => {
  const context = await withoutSiteData(t);
  const fixture = await serveFixture("tab.ts", t);
  const transferId = "no-site-data";
  const page = await context.newPage();
  await page.goto(tabAddress(fixture, { url: world.gateway.url, transferId, signature: sign(transferId) }));
  await seeConnection(page, "live");
  await world.update(transferId, "completed");
  await seeStatus(page, "completed");
  await storyOf(page);
});

test("with all site data blocked the checkout page follows its payment", async (t) => {
  const context = await withoutSiteData(t);
  const page = await context.newPage();
  await page.goto(await world.shop());
  const { id } = await seeCode(page);
  await seeNetwork(page, "live");
  await world.update(id, "completed");
  await seeView(page, "completed");
});

test("where the storage is full the checkout page goes on", async () => {
  const { context, complaints } = await freshContext(browser);
  await context.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  const page = await context.newPage();
  await page.goto(await world.shop());
  await seeCode(page);
  await seeNetwork(page, "live");
  assertCalm(complaints);
  await context.close();
});

test("in a sandboxed frame a watch goes live and shows the end", async (t) => {
  const fixture = await serveFixture("tab.ts", t);
  const transferId = "sandboxed";
  const options = { url: world.gateway.url, transferId, signature: sign(transferId) };
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(`${fixture}/blank`);
  await page.evaluate(
    (address) => {
      const frame = document.createElement("iframe");
      frame.sandbox.add("allow-scripts");
      frame.src = address;
      document.body.append(frame);
    },
    tabAddress(fixture, options),
  );
  const frame = page.frameLocator("iframe");
  await frame.locator('body[data-connection="live"]').waitFor({ state: "attached" });
  await world.update(transferId, "completed");
  await frame.locator('body[data-status="completed"]').waitFor({ state: "attached" });
  assert.equal(page.frames().length, 2);
  await context.close();
});

test("what the browser refuses while a watch dials is no error that nobody handles", async (t) => {
  const fixture = await serveFixture("tab.ts", t);
  const transferId = "refused-channel";
  const { context } = await freshContext(browser);
  await context.addInitScript(() => {
    globalThis.BroadcastChannel = class {
      constructor() {
        throw new DOMException("The operation is insecure.", "SecurityError");
      }
    } as unknown as typeof BroadcastChannel;
  });
  const page = await context.newPage();
  await page.goto(tabAddress(fixture, { url: world.gateway.url, transferId, signature: sign(transferId) }));
  await seeConnection(page, "live");
  await world.update(transferId, "completed");
  await seeStatus(page, "completed");
  await storyOf(page);
  await context.close();
});
