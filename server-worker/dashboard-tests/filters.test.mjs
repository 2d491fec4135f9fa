// Narrowing the list by customer and by time, exporting what is shown, and an address that another operator opens.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fitsTheScreen, idsOf, look, PHONE, row, signIn, WIDE } from "./support/browser.mjs";
import { stage } from "./support/story.mjs";

const on = stage();
const ZOOMED = { width: 640, height: 400 };

/** A few payments of two customers, in currencies with two decimals, none and no name. */
async function payments(server) {
  const of = (transferId, customerId, more) => ({
    transferId,
    status: "pending",
    customerId,
    merchantId: "shop",
    ...more,
  });
  await server.update(of("tr_ann_1", "cus_ann", { amount: 12.1, metadata: { currency: "EUR", order: 7 } }));
  await server.update(of("tr_bob_1", "cus_bob", { amount: 12006, metadata: { currency: "JPY" } }));
  await server.update(of("tr_ann_2", "cus_ann", { amount: 1234567.5, metadata: { currency: "EUR" } }));
  await server.update(of("0b5f9a0e-8e95-4eed-aaf6-b3a6f00dcafe", "cus_bob", { amount: 7, message: "=1+1" }));
}

on.story("the list of one customer is asked of the server, and counted", async (page) => {
  await payments(on.server);
  await signIn(page, on.server);
  await page.getByLabel("Filter by customer id").fill("cus_ann");
  await page.keyboard.press("Enter");
  await row(page, "tr_bob_1").waitFor({ state: "detached" });
  assert.deepEqual(await idsOf(page), ["tr_ann_2", "tr_ann_1"]);
  assert.equal(new URL(page.url()).search, "?customerId=cus_ann");
  await page.locator(".tab", { hasText: "All" }).getByText("2", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await row(page, "tr_bob_1").waitFor();
  await page.locator(".tab", { hasText: "All" }).getByText("4", { exact: true }).waitFor();
});

on.story("days are those of the viewer, and the address has the instants", async (page) => {
  await signIn(page, on.server, "/dashboard?customerId=cus_ann");
  const time = page.getByLabel("Filter by the time of the last change");
  await time.selectOption("Yesterday");
  await page.getByRole("heading", { name: "Nothing here now" }).waitFor();
  await look(page, "time-without-result");
  await time.selectOption("Today");
  await row(page, "tr_ann_1").waitFor();
  assert.match(new URL(page.url()).searchParams.get("from"), /T2[23]:00:00\.000Z$/, "midnight in Berlin");

  await time.selectOption("custom");
  await page.getByLabel("First day").fill("2024-01-15");
  await page.getByLabel("Last day").fill("2024-01-15");
  await page.getByRole("heading", { name: "Nothing here now" }).waitFor();
  const { searchParams } = new URL(page.url());
  assert.equal(searchParams.get("from"), "2024-01-14T23:00:00.000Z");
  assert.equal(searchParams.get("to"), "2024-01-15T23:00:00.000Z", "the last day is in it");
  await page.getByLabel("Last day").fill("2024-01-14");
  assert.equal(await page.getByLabel("Last day").evaluate((each) => each.validity.valid), false);
  assert.equal(
    searchParams.get("to"),
    new URL(page.url()).searchParams.get("to"),
    "nothing is asked that can have no answer",
  );
});

on.story("amounts stand with their decimal points below each other, and an id is whole", async (page) => {
  await signIn(page, on.server);
  const cells = page.locator("#rows .c-amount");
  assert.deepEqual(
    (await cells.allInnerTexts()).map((text) => text.replace("\u00a0", " ")),
    ["7", "1,234,567.50 EUR", "12,006 JPY", "12.10 EUR"],
  );
  for (const dir of ["ltr", "rtl"]) {
    await page.evaluate((to) => (document.documentElement.dir = to), dir);
    const points = await page
      .locator("#rows .part")
      .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().left));
    assert.ok(Math.max(...points) - Math.min(...points) < 1, `${dir}: ${points}`);
    await fitsTheScreen(page);
    await look(page, `list-${dir}`);
  }
  const id = page.getByRole("link", { name: "0b5f9a0e-8e95-4eed-aaf6-b3a6f00dcafe" });
  assert.ok(await id.evaluate((each) => each.scrollWidth <= each.clientWidth), "nothing of it is cut off");
});

on.story("what is shown can be had as a file", async (page) => {
  await signIn(page, on.server, "/dashboard?customerId=cus_bob");
  const save = async (what) => {
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByText("2 shown").waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: what }).click();
    const file = await download;
    return [file.suggestedFilename(), await readFile(await file.path(), "utf8")];
  };
  const [name, csv] = await save("As CSV");
  assert.match(name, /^transfers-.*Z\.csv$/);
  const [, first, second] = csv.split("\r\n");
  assert.match(first, /^0b5f9a0e-8e95-4eed-aaf6-b3a6f00dcafe,pending,7,,shop,cus_bob,'=1\+1,/);
  assert.match(second, /^tr_bob_1,pending,12006,JPY,shop,cus_bob,,/);
  const [, json] = await save("As JSON");
  assert.deepEqual(
    JSON.parse(json).map(({ id, currency }) => [id, currency]),
    [
      ["0b5f9a0e-8e95-4eed-aaf6-b3a6f00dcafe", undefined],
      ["tr_bob_1", "JPY"],
    ],
  );
});

on.story("with little room the first rows are there without scrolling", async (page) => {
  await signIn(page, on.server);
  for (const [name, size] of [
    ["phone", PHONE],
    ["zoomed", ZOOMED],
  ]) {
    await page.setViewportSize(size);
    const { bottom } = await row(page, "0b5f9a0e-8e95-4eed-aaf6-b3a6f00dcafe").evaluate((each) =>
      each.getBoundingClientRect(),
    );
    assert.ok(bottom <= size.height, `the first row ends at ${bottom} of ${size.height} px`);
    await fitsTheScreen(page);
    await page.getByRole("button", { name: "Filters" }).click();
    await page.getByLabel("Filter by customer id").waitFor();
    await fitsTheScreen(page);
    await look(page, `filters-${name}`);
    await page.getByRole("button", { name: "Filters" }).click();
  }
  await page.setViewportSize(WIDE);
});

on.story("forced colours leave nothing unseen", async (page) => {
  await signIn(page, on.server, "/dashboard");
  const seen = (selector, pseudo) =>
    page.evaluate(
      ([what, part]) => {
        const style = getComputedStyle(document.querySelector(what), part);
        return [style.backgroundColor, getComputedStyle(document.body).backgroundColor];
      },
      [selector, pseudo],
    );
  await page.emulateMedia({ forcedColors: "active" });
  for (const [selector, pseudo] of [
    ['.tab[aria-current="true"]', "::after"],
    ['.link-state[data-state="live"] .dot', null],
  ]) {
    const [mark, page_] = await seen(selector, pseudo);
    assert.notEqual(mark, page_, selector);
  }
  await look(page, "list-forced-colours");
  await row(page, "tr_ann_1").getByRole("link").click();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  await look(page, "detail-forced-colours");
  await page.emulateMedia({ forcedColors: null });
});

on.story("only news flashes: no row on arrival, none of an older page", async (page) => {
  await page.addInitScript(() => {
    window.flashed = [];
    const animate = Element.prototype.animate;
    Element.prototype.animate = function noted(frames, options) {
      if (JSON.stringify(frames).includes("backgroundColor")) window.flashed.push(this.dataset.id);
      return animate.call(this, frames, options);
    };
  });
  await page.route(/\/recent/, async (route) => {
    await route.continue();
    page.asked = (page.asked ?? 0) + 1;
  });
  await signIn(page, on.server);
  // The feeds have opened, and the list was fetched anew for what may have been missed until then.
  while (page.asked < 2) await page.waitForResponse(/\/recent/);
  await page.locator('#rows[aria-busy="false"]').waitFor({ state: "attached" });
  await on.server.update({ transferId: "tr_bob_1", status: "processing" });
  await row(page, "tr_bob_1").getByText("Processing").waitFor();
  assert.deepEqual(await page.evaluate(() => window.flashed), ["tr_bob_1"]);
});

on.story("another operator opens the same list and the same payment by the address", async (page) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(page, on.server, "/dashboard?customerId=cus_ann");
  await row(page, "tr_ann_1").getByRole("link").click();
  const panel = page.getByRole("dialog", { name: "tr_ann_1" });
  await panel.getByRole("button", { name: "Copy the link" }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, `${on.server.url}/dashboard?customerId=cus_ann#/t/tr_ann_1`);

  await page.context().clearCookies();
  await page.goto("about:blank");
  await signIn(page, on.server, link.slice(on.server.url.length));
  await page.getByRole("dialog", { name: "tr_ann_1" }).getByText("12.10 EUR").waitFor();
  await page.keyboard.press("Escape");
  assert.deepEqual(await idsOf(page), ["tr_ann_2", "tr_ann_1"]);
});
