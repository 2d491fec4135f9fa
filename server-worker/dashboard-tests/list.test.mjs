// The list: live rows, filters, search, pages, pausing, and words that a stranger wrote.
import assert from "node:assert/strict";
import { fitsTheScreen, idsOf, look, PHONE, row, signIn, WIDE } from "./support/browser.mjs";
import { stage } from "./support/story.mjs";

// First, while the server knows nothing.
const fresh = stage();
const busy = stage();

fresh.story("an empty dashboard says what will happen, and the first transfer appears by itself", async (page) => {
  await signIn(page, fresh.server);
  await page.getByRole("heading", { name: "No transfers yet" }).waitFor();
  await look(page, "empty");
  await fresh.server.update({ transferId: "tr_first", status: "pending", amount: 5 });
  await row(page, "tr_first").waitFor();
  await page.locator(".tab", { hasText: "Pending" }).getByText("1", { exact: true }).waitFor();
});

busy.story("a new transfer appears on top, a changed one moves there, without a reload", async (page) => {
  await busy.server.update({ transferId: "tr_older", status: "pending", merchantId: "live_shop" });
  await busy.server.update({ transferId: "tr_newer", status: "pending", merchantId: "live_shop" });
  await signIn(page, busy.server, "/dashboard?merchantId=live_shop");
  assert.deepEqual(await idsOf(page), ["tr_newer", "tr_older"]);
  await page.evaluate(() => (window.loadedOnce = true));

  await busy.server.update({ transferId: "tr_live", status: "pending", merchantId: "live_shop", message: "Fresh" });
  await row(page, "tr_live").getByText("Fresh").waitFor();
  await busy.server.update({ transferId: "tr_older", status: "completed", message: "Paid" });
  await row(page, "tr_older").getByText("Completed").waitFor();
  assert.deepEqual(await idsOf(page), ["tr_older", "tr_live", "tr_newer"]);
  assert.equal(await page.evaluate(() => window.loadedOnce), true);
  await page.locator("#announcer").filter({ hasText: "Latest: tr_older, Completed." }).waitFor({ state: "attached" });
});

busy.story(
  "an amount has every digit that it came with, a time in the viewer's zone with the exact UTC beside it",
  async (page) => {
    const amount = "1234567890123456789.25";
    const { updatedAt } = await busy.server.update(
      `{"transferId":"tr_exact","status":"pending","merchantId":"exact","amount":${amount}}`,
    );
    await signIn(page, busy.server, "/dashboard?merchantId=exact");
    assert.equal(await row(page, "tr_exact").locator(".c-amount").innerText(), "1,234,567,890,123,456,789.25");
    const time = row(page, "tr_exact").locator("time");
    assert.equal(await time.getAttribute("datetime"), updatedAt);
    assert.equal(await time.getAttribute("title"), updatedAt.replace("T", " ").replace("Z", " UTC"));
    const inBerlin = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: "Europe/Berlin" });
    assert.equal(await time.innerText(), inBerlin.format(new Date(updatedAt)));
  },
);

busy.story("status and merchant filter the list, and the address says so", async (page) => {
  await busy.server.update({ transferId: "tr_f1", status: "failed", merchantId: "filter_a", message: "No account" });
  await busy.server.update({ transferId: "tr_f2", status: "failed", merchantId: "filter_b" });
  await busy.server.update({ transferId: "tr_f3", status: "pending", merchantId: "filter_a" });
  await signIn(page, busy.server);

  await page.locator(".tab", { hasText: "Failed" }).click();
  await row(page, "tr_f3").waitFor({ state: "detached" });
  assert.deepEqual((await idsOf(page)).slice(0, 2), ["tr_f2", "tr_f1"]);
  await page.getByLabel("Filter by merchant id").fill("filter_a");
  await page.keyboard.press("Enter");
  await row(page, "tr_f2").waitFor({ state: "detached" });
  assert.deepEqual(await idsOf(page), ["tr_f1"]);
  assert.equal(new URL(page.url()).search, "?status=failed&merchantId=filter_a");
  await look(page, "filtered");

  // A live row that matches comes in; one that does not stays out; one that no longer does leaves.
  await busy.server.update({ transferId: "tr_f4", status: "completed", merchantId: "filter_a" });
  await busy.server.update({ transferId: "tr_f5", status: "failed", merchantId: "filter_a" });
  await row(page, "tr_f5").waitFor();
  assert.deepEqual(await idsOf(page), ["tr_f5", "tr_f1"]);
  await page.locator(".tab", { hasText: "Pending" }).click();
  await row(page, "tr_f3").waitFor();
  await busy.server.update({ transferId: "tr_f3", status: "cancelled" });
  await page.getByRole("heading", { name: "Nothing here now" }).waitFor();
  await look(page, "nothing-matches");

  await page.goBack();
  await row(page, "tr_f5").waitFor();
  await page.goBack();
  await row(page, "tr_f2").waitFor();
  assert.equal(await page.getByLabel("Filter by merchant id").inputValue(), "");
  assert.equal(new URL(page.url()).search, "?status=failed");
});

busy.story("search narrows as one types; Enter opens the transfer of that id", async (page) => {
  await busy.server.update({ transferId: "tr_needle", status: "processing", merchantId: "search" });
  await busy.server.update({ transferId: "tr_hay", status: "processing", merchantId: "search" });
  await signIn(page, busy.server, "/dashboard?merchantId=search");
  const field = page.getByLabel("Find by transfer id");
  await field.fill("NEED");
  await row(page, "tr_hay").waitFor({ state: "detached" });
  assert.deepEqual(await idsOf(page), ["tr_needle"]);
  assert.equal(new URL(page.url()).searchParams.get("id"), "NEED");
  await look(page, "search");

  await field.fill("tr_exact");
  await page.getByRole("heading", { name: "Not among those loaded" }).waitFor();
  await look(page, "search-not-loaded");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "tr_exact" }).getByText("1,234,567,890,123,456,789.25").waitFor();
  await page.keyboard.press("Escape");

  await field.fill("no id at all");
  await page.getByText("It cannot be a whole id either").waitFor();
  await page.getByRole("button", { name: "Clear the search" }).click();
  await row(page, "tr_hay").waitFor();
});

busy.story("older ones come page by page, each once and in order, also when live rows push some off", async (page) => {
  const posted = Array.from({ length: 120 }, (_, n) => `tr_page_${n}`);
  for (let at = 0; at < posted.length; at += 8) {
    const some = posted.slice(at, at + 8).map((transferId) => ({ transferId, status: "pending", merchantId: "pages" }));
    await Promise.all(some.map((update) => busy.server.update(update)));
  }
  await signIn(page, busy.server, "/dashboard?merchantId=pages");
  assert.equal((await idsOf(page)).length, 50);
  await busy.server.update({ transferId: "tr_page_live", status: "pending", merchantId: "pages" });
  await row(page, "tr_page_live").waitFor();
  assert.equal((await idsOf(page)).length, 50, "the oldest made room");

  for (const length of [100, 121]) {
    await page.getByRole("button", { name: "Load older" }).click();
    await page.waitForFunction((n) => document.querySelectorAll("#rows tr[data-id]").length === n, length);
  }
  await page.getByText("These are all 121").waitFor();
  const shown = await idsOf(page);
  assert.deepEqual([...shown].sort(), [...posted, "tr_page_live"].sort());
  const times = await page.locator("#rows time").evaluateAll((all) => all.map((each) => each.dateTime));
  assert.deepEqual(times, [...times].sort().reverse(), "newest first");
});

busy.story("a paused list stands still and counts what waits", async (page) => {
  await busy.server.update({ transferId: "tr_still", status: "pending", merchantId: "pause" });
  await signIn(page, busy.server, "/dashboard?merchantId=pause");
  await page.getByRole("button", { name: "Pause" }).click();
  await busy.server.update({ transferId: "tr_still", status: "processing" });
  await busy.server.update({ transferId: "tr_waits", status: "pending", merchantId: "pause" });
  await page.getByRole("button", { name: "Resume 2 waiting" }).waitFor();
  assert.deepEqual(await idsOf(page), ["tr_still"]);
  assert.match(await row(page, "tr_still").innerText(), /Pending/);
  await look(page, "paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await row(page, "tr_waits").waitFor();
  await row(page, "tr_still").getByText("Processing").waitFor();
  assert.deepEqual(await idsOf(page), ["tr_waits", "tr_still"]);
});

busy.story("words that a stranger wrote stay words", async (page) => {
  const message = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> \u202Ereversed`;
  const merchantId = `"><svg onload=window.hacked=1>`;
  const metadata = { "<b>key</b>": "</code><script>window.hacked=1</script>", number: 1 };
  const customerId = "<i>customer</i>";
  await busy.server.update({ transferId: "tr_hostile", status: "pending", message, merchantId, customerId, metadata });
  await signIn(page, busy.server, `/dashboard?merchantId=${encodeURIComponent(merchantId)}`);
  assert.equal(await row(page, "tr_hostile").locator(".c-message").textContent(), message);
  assert.equal(await row(page, "tr_hostile").locator(".c-merchant").textContent(), merchantId);
  await row(page, "tr_hostile").getByRole("link").click();
  const panel = page.getByRole("dialog", { name: "tr_hostile" });
  await panel.getByRole("heading", { name: "Timeline" }).waitFor();
  assert.equal(await panel.locator(".step-message").textContent(), message);
  await panel.getByText("Metadata", { exact: true }).click();
  assert.deepEqual(JSON.parse(await panel.locator("pre").innerText()), metadata);
  await look(page, "hostile");

  await page.goto(`${busy.server.url}/dashboard#/t/${encodeURIComponent("<img src=x onerror=window.hacked=1>")}`);
  await page.getByRole("heading", { name: "Not a transfer id" }).waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator("#rows img, #rows script, dialog img, dialog script").count(), 0);
});

busy.story("the list on a wide screen, on a phone and on a very wide one", async (page) => {
  const say = {
    pending: "Waiting for the customer's bank",
    processing: "Sent to the clearing house",
    completed: "Settled",
    failed: "The receiving bank refused the transfer: name and account do not match",
    cancelled: "Cancelled by the customer",
  };
  const merchants = ["shop_berlin", "cafe-nord", "atelier.mira"];
  const ends = ["completed", "processing", "failed", "pending", "completed", "cancelled", "processing", "completed"];
  for (const [n, status] of ends.entries()) {
    const transferId = `tr_${(n * 7919 + 104729).toString(36)}${(n * 15485863 + 32452843).toString(36)}`;
    const fields = { transferId, merchantId: merchants[n % 3], amount: 12.5 + n * 41.35 };
    await busy.server.update({ ...fields, status: "pending", message: say.pending });
    if (status !== "pending") await busy.server.update({ ...fields, status, message: say[status] });
  }
  await signIn(page, busy.server);
  await page.getByRole("img", { name: /Updates a minute: \d+ in the last 60 minutes/ }).waitFor();
  await look(page, "list");
  await page.setViewportSize(PHONE);
  await fitsTheScreen(page);
  await look(page, "list-phone");
  await page.setViewportSize({ width: 1920, height: 1080 });
  await look(page, "list-very-wide");
  await page.setViewportSize(WIDE);
});
