/** `<transfer-checkout>` as people with other languages, eyes and settings meet it; pictures in target/screenshots. */
import { strict as assert } from "node:assert";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser, BrowserContextOptions, Page } from "playwright-core";

import type { TransferCheckoutElement as Checkout } from "../../dist/checkout.js";
import { languages } from "../../src/checkout/texts.ts";
import { ROOT } from "../support/server.ts";
import { audit } from "./support/axe.ts";
import { assertCalm, freshContext, seeCode, seeView, startBrowser } from "./support/browser.ts";
import { World } from "./support/world.ts";

const folder = join(ROOT, "target/screenshots/element");
const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const desk: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };

let world: World;
let browser: Browser;
let shop: string;

before(async () => {
  mkdirSync(folder, { recursive: true });
  [world, browser] = await Promise.all([World.start(), startBrowser()]);
  shop = await world.shop();
});
after(async () => {
  await browser?.close();
  await world?.close();
});

const set = (page: Page, name: string, value: unknown) =>
  page.locator("transfer-checkout").evaluate(
    (element, [name, value]) => {
      Object.assign(element as Checkout, { [name]: value });
    },
    [name, value] as const,
  );
const heading = (page: Page) => page.locator("transfer-checkout h2").textContent();

for (const [lang, texts] of Object.entries(languages)) {
  for (const [name, options] of [
    ["1280-light", { ...desk, colorScheme: "light" }],
    ["390-dark", { ...phone, colorScheme: "dark" }],
  ] as const) {
    test(`a payment in ${lang}, ${name}`, async () => {
      const { context, complaints } = await freshContext(browser, options);
      const page = await context.newPage();
      const look = async (view: string) => {
        await page.screenshot({ path: join(folder, `${lang}-${view}-${name}.png`), fullPage: true });
        assert.deepEqual(await audit(page), [], view);
        const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.equal(isWide, false, `${view} scrolls sideways`);
      };
      await page.goto(shop);
      const { id } = await seeCode(page);
      await set(page, "lang", lang);
      assert.equal(await heading(page), "hasTouch" in options ? texts.pay : texts.waiting);
      assert.equal(await page.locator(".card").getAttribute("dir"), texts.dir ?? "ltr");
      await look("waiting");
      await world.update(id, "processing");
      await seeView(page, "processing");
      assert.equal(await heading(page), texts.processing);
      assert.ok((await page.title()).startsWith(texts.processing), "the title follows");
      await look("processing");
      await world.update(id, "completed");
      await seeView(page, "completed");
      assert.equal(await heading(page), texts.completed);
      const sum = new Intl.NumberFormat(lang, { style: "currency", currency: "EUR" }).format(12.1);
      const shown = (await page.locator(".facts").textContent())!;
      assert.ok(shown.includes(sum), `${shown} has no ${sum}`);
      await look("completed");
      assertCalm(complaints);
      await context.close();
    });
  }
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`a contrast theme, ${colorScheme}: what carries meaning is still there`, async () => {
    const { context } = await freshContext(browser, { ...desk, colorScheme, forcedColors: "active" });
    const page = await context.newPage();
    await page.goto(shop);
    const { id } = await seeCode(page);
    await page.screenshot({ path: join(folder, `forced-waiting-${colorScheme}.png`) });
    const edge = await page.locator(".card").evaluate((card) => {
      const { borderTopColor, backgroundColor } = getComputedStyle(card);
      return { borderTopColor, backgroundColor };
    });
    assert.notEqual(edge.borderTopColor, edge.backgroundColor, "the card has an edge");
    await world.update(id, "completed");
    await seeView(page, "completed");
    await page.screenshot({ path: join(folder, `forced-completed-${colorScheme}.png`) });
    await context.close();
  });
}

test("every module of the code is the same whole number of the screen's pixels", async () => {
  for (const [width, deviceScaleFactor] of [
    [1280, 1],
    [1280, 1.5],
    [1280, 2],
    [320, 1],
    [320, 3],
  ] as const) {
    const { context } = await freshContext(browser, { viewport: { width, height: 800 }, deviceScaleFactor });
    const page = await context.newPage();
    await page.goto(shop);
    await seeCode(page);
    const module = await page.locator("#code").evaluate((svg) => {
      const size = Number(svg.getAttribute("viewBox")!.split(" ")[2]);
      return (svg.getBoundingClientRect().width * devicePixelRatio) / size;
    });
    assert.ok(Math.abs(module - Math.round(module)) < 0.01 && module >= 3, `${module} at ${deviceScaleFactor}`);
    await context.close();
  }
});

test("what the bank writes is kept short, in its own direction, and leaves the button in sight", async () => {
  const { context } = await freshContext(browser, phone);
  const page = await context.newPage();
  await page.goto(shop);
  const { id } = await seeCode(page);
  await world.update(id, "failed", { message: "رُفضت العملية. ".repeat(60) });
  await seeView(page, "failed");
  const said = page.locator(".message");
  assert.equal(await said.getAttribute("dir"), "auto");
  assert.ok((await said.boundingBox())!.height < 130);
  const button = (await page.getByRole("button", { name: "Start again" }).boundingBox())!;
  assert.ok(button.y + button.height < 844, JSON.stringify(button));
  await page.screenshot({ path: join(folder, "long-message-390.png"), fullPage: true });
  await context.close();
});

test("the phone says no more than it knows, and keeps the bank's words short", async () => {
  const { context } = await freshContext(browser, phone);
  const page = await context.newPage();
  await page.goto(shop);
  const { id, qr } = await seeCode(page);
  await page.goto(qr);
  await seeView(page, "scanned");
  await world.update(id, "failed", { message: "The bank declined the payment ".repeat(30) });
  await seeView(page, "failed");
  assert.ok((await page.locator("#failed-text").boundingBox())!.height < 130);
  assert.doesNotMatch((await page.locator(".card").innerText())!, /charged/);
  await page.screenshot({ path: join(folder, "phone-failed.png") });
  await context.close();
});

test("words of the page's own take the place of the element's, for any language", async () => {
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(shop);
  await seeCode(page);
  await set(page, "texts", { waiting: "Scan om te betalen" });
  assert.equal(await heading(page), "Scan om te betalen");
  await set(page, "lang", "de-AT");
  assert.equal(await heading(page), "Scan om te betalen");
  assert.equal(await page.locator("#here").textContent(), languages["de"]!.here);
  await context.close();
});

test("without script there is a sentence, and nothing that pretends to load", async () => {
  const { context } = await freshContext(browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(shop);
  assert.equal(
    (await page.locator("transfer-checkout").innerText()).trim(),
    "This page needs JavaScript to show and follow your payment.",
  );
  await context.close();
});

test("a payment that has begun is not begun again by a reload after its code has expired", async () => {
  const short = await world.shop({ ttl: 3 });
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(short);
  const { id } = await seeCode(page);
  await world.update(id, "processing");
  await seeView(page, "processing");
  await page.clock.install({ time: Date.now() + 60_000 });
  await page.reload();
  await seeView(page, "processing");
  assert.equal(
    await page.locator("transfer-checkout").evaluate((element) => (element as Checkout).request!.transferRequestId),
    id,
  );
  await context.close();
});

test("a lang that is no language tag does not stop the countdown", async () => {
  const { context, complaints } = await freshContext(browser);
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(await world.shop({ ttl: 62 }));
  await seeCode(page);
  await set(page, "lang", "en_US");
  await page.clock.runFor(63_000);
  await seeView(page, "expired");
  assertCalm(complaints);
  await context.close();
});

test("another order is another payment, also after the first was paid", async () => {
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(shop);
  const { id } = await seeCode(page);
  await world.update(id, "completed");
  await seeView(page, "completed");
  await page.evaluate(() => {
    const element = document.querySelector("transfer-checkout")!;
    const { parentElement } = element;
    element.remove();
    element.setAttribute("reference", "order-2");
    queueMicrotask(() => setTimeout(() => parentElement!.append(element)));
  });
  assert.notEqual((await seeCode(page)).id, id);
  await context.close();
});

test("a shop that cannot be reached is said so, and asked again by the button", async () => {
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  await page.route("**/create-transfer-request", (route) => route.abort());
  await page.goto(shop);
  await seeView(page, "problem");
  assert.equal(await page.locator(".lead").textContent(), languages["en"]!.shopLead);
  await page.unroute("**/create-transfer-request");
  await page.getByRole("button", { name: "Start again" }).click();
  await seeCode(page);
  await context.close();
});

test("what is set before the element is defined counts as much as what is set later", async () => {
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  let release = () => {};
  const isSet = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/assets/checkout.js", async (route) => {
    await isSet;
    await route.continue();
  });
  await page.goto(shop, { waitUntil: "commit" });
  await page.locator("transfer-checkout").waitFor({ state: "attached" });
  await set(page, "texts", { problem: "Nothing today" });
  await page.locator("transfer-checkout").evaluate((element) => {
    (element as Checkout).createRequest = () => Promise.reject(new Error("closed on Thursdays"));
  });
  release();
  await seeView(page, "problem");
  // By this React 19 and Vue decide whether they set a property or write an attribute.
  const names = ["createRequest", "getSignature", "texts"];
  const isProperty = (element: Element, names: string[]) => names.map((name) => name in Object.getPrototypeOf(element));
  const are = await page.locator("transfer-checkout").evaluate(isProperty, names);
  assert.deepEqual(are, [true, true, true]);
  assert.equal(await heading(page), "Nothing today");
  await context.close();
});

test("at 200 % and at 320 pixels everything is there, and nothing scrolls sideways", async () => {
  for (const viewport of [
    { width: 640, height: 400 },
    { width: 320, height: 568 },
  ]) {
    const { context } = await freshContext(browser, { viewport });
    const page = await context.newPage();
    await page.goto(shop);
    const { id } = await seeCode(page);
    await set(page, "lang", "de");
    const isWide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(await isWide(), false, `the code at ${viewport.width}`);
    const [code, tile, card] = await Promise.all(
      ["#code", ".tile", ".card"].map(async (part) => (await page.locator(part).boundingBox())!),
    );
    assert.ok(code!.width <= tile!.width && tile!.width <= card!.width - 40, `the tile at ${viewport.width}`);
    await page.screenshot({ path: join(folder, `narrow-${viewport.width}.png`), fullPage: true });
    await world.update(id, "completed");
    await seeView(page, "completed");
    assert.equal(await isWide(), false, `the receipt at ${viewport.width}`);
    await context.close();
  }
});
