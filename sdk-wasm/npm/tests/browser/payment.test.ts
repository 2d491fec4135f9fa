/** A payment as customers see it, from the code to the thanks. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";
import decodeQR from "qr/decode.js";

import { assertCalm, freshContext, seeCode, seeNetwork, seeView, startBrowser } from "./support/browser.ts";
import { World } from "./support/world.ts";

/** How long the service may take to close a socket whose signature has expired, by PROTOCOL.md, and a little more. */
const EXPIRY = 65_000;

let world: World;
let browser: Browser;
let shop: string;

before(async () => {
  [world, browser] = await Promise.all([World.start(), startBrowser()]);
  shop = await world.shop();
});
after(async () => {
  await browser?.close();
  await world?.close();
});

/** How far dark and light of the code must be apart, of 255: decoders see less than cameras do, and far less is dusk. */
const CONTRAST = 180;

/** What a camera sees: the pixels of the page, nothing else. */
const scan = async (page: Page): Promise<string> => {
  const png = await page.locator(".tile:visible").screenshot();
  const blank = await page.context().newPage();
  const { width, height, data } = await blank.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const { width, height } = image;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d")!;
    context.drawImage(image, 0, 0);
    return { width, height, data: Array.from(context.getImageData(0, 0, width, height).data) };
  }, png.toString("base64"));
  await blank.close();
  const greens = data.filter((_, index) => index % 4 == 1);
  const [dark, light] = greens.reduce(([low, high], green) => [Math.min(low, green), Math.max(high, green)], [255, 0]);
  assert.ok(light - dark > CONTRAST, `dark is ${dark}, light is ${light}`);
  return decodeQR({ width, height, data: Uint8ClampedArray.from(data) });
};

for (const backend of ["rust", "node"] as const) {
  test(`the whole payment, with the shop in ${backend}: scanned by a phone, confirmed, paid`, async () => {
    const shop = await world.shop({ backend });
    const { context, complaints } = await freshContext(browser);
    const page = await context.newPage();
    await page.goto(shop);
    const { id, qr } = await seeCode(page);
    await seeNetwork(page, "live");
    assert.equal(await scan(page), qr, "the code says what the shop answered");

    const { context: pocket, complaints: phoneComplaints } = await freshContext(browser, { hasTouch: true });
    const phone = await pocket.newPage();
    await phone.goto(qr);
    await seeView(phone, "scanned");
    assert.equal(await phone.locator("#amount").textContent(), "€12.10");
    await seeView(page, "scanned");

    await world.update(id, "pending", { message: "Waiting for the customer" });
    await world.update(id, "processing");
    await Promise.all([seeView(page, "processing"), seeView(phone, "processing")]);
    await world.update(id, "completed");
    await Promise.all([seeView(page, "completed"), seeView(phone, "completed")]);
    assert.equal(
      await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent),
      "Paid. Thank you!",
    );
    assert.match((await page.locator("#announcer").textContent())!, /^Paid/);
    assertCalm(complaints);
    assertCalm(phoneComplaints);
    await Promise.all([context.close(), pocket.close()]);
  });
}

test("a phone that is put away gives the code back", async () => {
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(shop);
  const { qr } = await seeCode(page);
  const phone = await context.newPage();
  await phone.goto(qr);
  await seeView(page, "scanned");
  await phone.close({ runBeforeUnload: true });
  await seeView(page, "waiting");
  await context.close();
});

test("a phone that is put away before it has heard of the payment gives the code back, too", async () => {
  const [{ context }, { context: pocket }] = await Promise.all([freshContext(browser), freshContext(browser)]);
  const page = await context.newPage();
  await page.goto(shop);
  const { qr } = await seeCode(page);
  // A socket that opens and says nothing.
  await pocket.routeWebSocket(/\/ws\//, () => {});
  const phone = await pocket.newPage();
  await phone.goto(qr);
  await seeView(page, "scanned");
  await phone.close({ runBeforeUnload: true });
  await seeView(page, "waiting");
  await Promise.all([context.close(), pocket.close()]);
});

for (const [status, heading] of [
  ["failed", "The payment did not go through"],
  ["cancelled", "The payment was cancelled"],
] as const) {
  test(`a payment that is ${status} can be tried again, as another payment`, async () => {
    const { context, complaints } = await freshContext(browser);
    const page = await context.newPage();
    await page.goto(shop);
    const { id } = await seeCode(page);
    await world.update(id, status, { message: "The bank declined the payment" });
    await seeView(page, status);
    assert.equal(await page.getByRole("heading", { level: 2 }).textContent(), heading);
    await page.getByRole("button").click();
    assert.notEqual((await seeCode(page)).id, id);
    await seeNetwork(page, "live");
    assertCalm(complaints);
    await context.close();
  });
}

test("a reload goes on with the same payment", async () => {
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(shop);
  const { id } = await seeCode(page);
  await page.reload();
  assert.equal((await seeCode(page)).id, id);
  await context.close();
});

test("a paid payment stays paid after a reload, with what a receipt says and a way on", async () => {
  const { context, complaints } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(shop);
  const { id } = await seeCode(page);
  await world.update(id, "completed");
  const isPaid = async () => {
    await seeView(page, "completed");
    const facts = (await page.locator(".facts:visible").textContent())!;
    assert.match(facts, /€12\.10/);
    assert.ok(facts.includes(id), facts);
    assert.equal(await page.locator("#code").isVisible(), false, "nobody is asked to pay again");
  };
  await isPaid();
  await page.reload();
  await isPaid();
  await page.getByRole("button", { name: "New order" }).click();
  assert.notEqual((await seeCode(page)).id, id);
  assertCalm(complaints);
  await context.close();
});

test("in a contrast theme, light or dark, a camera still reads the code", async () => {
  for (const colorScheme of ["light", "dark"] as const) {
    const { context } = await freshContext(browser, { colorScheme, forcedColors: "active" });
    const page = await context.newPage();
    await page.goto(shop);
    const { qr } = await seeCode(page);
    assert.equal(await scan(page), qr, colorScheme);
    await context.close();
  }
});

test("on a phone the way to pay there comes before the code, above the fold", async () => {
  // What Safari shows of an iPhone's screen.
  const phone = { viewport: { width: 390, height: 664 }, hasTouch: true, isMobile: true };
  const { context } = await freshContext(browser, phone);
  const page = await context.newPage();
  await page.goto(shop);
  await seeCode(page);
  const [button, code] = await Promise.all([page.locator("#here").boundingBox(), page.locator(".tile").boundingBox()]);
  assert.ok(button && button.y + button.height < 664, JSON.stringify(button));
  assert.ok(code === null || code.y > button.y, JSON.stringify({ button, code }));
  await context.close();
});

test("a code that nobody scans in time expires; a payment that comes late still shows", async () => {
  const short = await world.shop({ ttl: 3 });
  const { context, complaints } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(short);
  const { id } = await seeCode(page);
  await seeView(page, "expired");
  assert.equal(await page.locator("#code").isVisible(), false);
  await world.update(id, "completed");
  await seeView(page, "completed");
  assertCalm(complaints);
  await context.close();
});

for (const backend of ["rust", "node"] as const) {
  test(`a signature that expires in the middle of a payment is refreshed by the shop in ${backend}`, async () => {
    const short = await world.shop({ ttl: 3, backend });
    const { context, complaints } = await freshContext(browser);
    const page = await context.newPage();
    const fresh: string[] = [];
    page.on("request", (request) => request.url().endsWith("/signature") && fresh.push(request.url()));
    const closed = page.waitForEvent("websocket").then((socket) => socket.waitForEvent("close", { timeout: EXPIRY }));
    await page.goto(short);
    const { id } = await seeCode(page);
    await world.update(id, "processing");
    await seeView(page, "processing");
    await closed;
    await seeNetwork(page, "live");
    await world.update(id, "completed");
    await seeView(page, "completed");
    assert.ok(fresh.length > 0, "the shop was asked for a fresh signature");
    assertCalm(complaints);
    await context.close();
  });
}

test("a signature of another secret: the customer is told what a customer can do, the console the rest", async () => {
  const mistaken = await world.shop({ secret: "not the key of the service" });
  const { context, complaints } = await freshContext(browser);
  const page = await context.newPage();
  await page.goto(mistaken);
  await seeView(page, "problem");
  const told = (await page.locator(".lead").textContent())!;
  assert.match(told, /Start again, or ask the shop/);
  assert.doesNotMatch(told, /signature|secret|HMAC/i);
  assert.equal(
    await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent),
    "This payment cannot be shown",
  );
  assert.equal(await page.getByRole("button", { name: "Start again" }).isVisible(), true);
  assert.match(complaints.join("\n"), /signature is wrong/);
  await context.close();
});
