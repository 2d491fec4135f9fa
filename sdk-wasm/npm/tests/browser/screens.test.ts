/** Every state of the pages, in both schemes and widths: pictures for people, and axe for accessibility. */
import { strict as assert } from "node:assert";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";

import type { Browser, BrowserContextOptions, Page } from "playwright-core";

import { ROOT } from "../support/server.ts";
import { audit } from "./support/axe.ts";
import { freshContext, seeCode, seeNetwork, seeView, startBrowser } from "./support/browser.ts";
import { World } from "./support/world.ts";

const folder = join(ROOT, "target/screenshots/checkout");

let world: World;
let browser: Browser;
let shop: string;

before(async () => {
  mkdirSync(folder, { recursive: true });
  [world, browser] = await Promise.all([World.start(), startBrowser()]);
  shop = await world.shop({ demo: true });
});
afterEach(() => {
  world.gateway.restore();
  world.gateway.allowSockets(true);
});
after(async () => {
  await browser?.close();
  await world?.close();
});

const phones: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const sizes: [number, BrowserContextOptions][] = [
  [390, phones],
  [1280, { viewport: { width: 1280, height: 800 } }],
];

for (const colorScheme of ["light", "dark"] as const) {
  for (const [width, size] of sizes) {
    test(`each state, ${colorScheme}, ${width} px`, async () => {
      const look = async (page: Page, name: string) => {
        await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        assert.deepEqual(await audit(page), [], name);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.equal(wide, false, `${name} scrolls sideways`);
      };
      const open = async () => {
        const { context } = await freshContext(browser, { ...size, colorScheme });
        return context.newPage();
      };

      const slow = await open();
      await slow.route("**/create-transfer-request", () => {});
      await slow.goto(shop);
      await seeView(slow, "starting");
      await look(slow, "starting");
      await slow.context().close();

      const page = await open();
      await page.goto(shop);
      const { id, qr } = await seeCode(page);
      await seeNetwork(page, "live");
      await look(page, "waiting");
      const phone = await open();
      await phone.goto(qr);
      await seeView(phone, "scanned");
      await look(phone, "phone-confirm");
      await seeView(page, "scanned");
      await look(page, "scanned");
      await world.update(id, "processing");
      await seeView(page, "processing");
      await look(page, "processing");

      world.gateway.cut();
      world.gateway.drop();
      await seeNetwork(page, "reconnecting");
      await look(page, "reconnecting");
      world.gateway.allowSockets(false);
      world.gateway.restore();
      await seeNetwork(page, "polling");
      await look(page, "polling");
      await page.context().setOffline(true);
      await seeNetwork(page, "offline");
      await look(page, "offline");
      await page.context().setOffline(false);
      world.gateway.allowSockets(true);

      await world.update(id, "completed");
      await seeView(page, "completed");
      await look(page, "completed");
      await seeView(phone, "completed");
      await look(phone, "phone-completed");
      await page.context().close();
      await phone.context().close();

      for (const status of ["failed", "cancelled"]) {
        const page = await open();
        await page.goto(shop);
        const { id } = await seeCode(page);
        await world.update(id, status, { message: "The bank declined the payment." });
        await seeView(page, status);
        await look(page, status);
        await page.context().close();
      }

      const late = await open();
      await late.goto(await world.shop({ ttl: 2 }));
      await seeView(late, "expired");
      await look(late, "expired");
      await late.context().close();

      const refused = await open();
      await refused.goto(await world.shop({ secret: "not the key of the service" }));
      await seeView(refused, "problem");
      await look(refused, "problem");
      await refused.context().close();

      const demo = await open();
      await demo.goto(`${shop}/demo`);
      const frame = demo.frameLocator("#checkout");
      await frame.locator('transfer-checkout[view="waiting"]').waitFor();
      await demo.getByRole("button", { name: "Scan the code" }).click();
      await demo.frameLocator("#phone").locator('body[data-view="scanned"]').waitFor();
      await frame.locator('transfer-checkout[view="scanned"]').waitFor();
      await demo.getByRole("button", { name: "Put it away" }).click();
      await frame.locator('transfer-checkout[view="waiting"]').waitFor();
      await demo.getByRole("button", { name: "Scan the code" }).click();
      await demo.locator("#payment", { hasText: "12.10" }).waitFor();
      await demo.getByRole("button", { name: "processing" }).click();
      await frame.locator('transfer-checkout[view="processing"]').waitFor();
      await demo.frameLocator("#phone").locator('body[data-view="processing"]').waitFor();
      await look(demo, "demo");
      await demo.context().close();
    });
  }
}
