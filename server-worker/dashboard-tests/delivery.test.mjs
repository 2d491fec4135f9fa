// What an operator sees of deliveries that fail: the room tries again by itself, and says what has not been taken and since when.
import assert from "node:assert/strict";
import { fitsTheScreen, idsOf, isLive, look, PHONE, row, signIn, WIDE } from "./support/browser.mjs";
import { ADMIN_TOKEN } from "../../sdk-wasm/npm/tests/support/server.ts";
import { stage } from "./support/story.mjs";

const on = stage({}, "--instruments");
/** By then a room has tried again; and what signs with the time of this machine is not too old yet. */
const RETRIED_MS = 120_000;

/** What the server says of a transfer's deliveries, once `isSo` holds of it. */
async function failing(id, isSo) {
  for (;;) {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const answer = await (await fetch(`${on.server.url}/transfer/${id}/timeline`, { headers })).json();
    if (isSo(answer.failing ?? {})) return answer.failing ?? {};
  }
}

on.story("what the archive does not take is said, with since when, until it has it", async (page) => {
  const { server } = on;
  await server.faults({ archive: { put: "fail" } });
  await server.update({ transferId: "tr_owed", status: "completed" });
  const since = (await failing("tr_owed", ({ archive }) => archive)).archive;
  await signIn(page, server);
  await row(page, "tr_owed").getByRole("link").click();
  const note = page.getByRole("dialog", { name: "tr_owed" }).locator(".undelivered");
  await note.getByText("The archive has not taken this transfer since").waitFor();
  assert.equal(await note.locator("time").getAttribute("datetime"), since);
  await look(page, "undelivered");

  await server.faults({ archive: { put: "ok" } });
  await server.faults({ advance: RETRIED_MS });
  assert.deepEqual(await failing("tr_owed", ({ archive }) => !archive), {});
  await page.reload();
  await isLive(page);
  await page.getByRole("dialog", { name: "tr_owed" }).getByRole("heading", { name: "Timeline" }).waitFor();
  assert.equal(await note.count(), 0);
});

on.story("the list narrows to what could not be delivered, and says so in the row", async (page) => {
  const { server } = on;
  await server.update({ transferId: "tr_kept", status: "completed", merchantId: "owing" });
  await server.faults({ archive: { put: "fail" } });
  await server.update({ transferId: "tr_owing", status: "failed", merchantId: "owing", message: "No account" });
  const since = (await failing("tr_owing", ({ archive }) => archive)).archive;
  await signIn(page, server, "/dashboard?merchantId=owing");
  assert.deepEqual(await idsOf(page), ["tr_owing", "tr_kept"]);
  const problems = page.getByRole("button", { name: "Delivery problems" });
  assert.equal(await problems.getAttribute("aria-pressed"), "false");
  await problems.click();
  await row(page, "tr_kept").waitFor({ state: "detached" });
  await row(page, "tr_owing").getByText("Not in the archive since").waitFor();
  assert.deepEqual(await idsOf(page), ["tr_owing"]);
  assert.equal(await problems.getAttribute("aria-pressed"), "true");
  const address = new URL(page.url()).search;
  assert.equal(address, "?merchantId=owing&delivery=failing");
  const minute = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: "Europe/Berlin" });
  assert.match(await row(page, "tr_owing").locator(".owed").innerText(), new RegExp(minute.format(new Date(since))));
  await look(page, "undelivered-list");
  await page.setViewportSize(PHONE);
  await fitsTheScreen(page);
  await row(page, "tr_owing").getByText("Not in the archive since").waitFor();
  await look(page, "undelivered-phone");
  await page.setViewportSize(WIDE);

  // What fails is asked again by itself, and so the row goes.
  await server.faults({ archive: { put: "ok" } });
  await server.faults({ advance: RETRIED_MS });
  assert.deepEqual(await failing("tr_owing", ({ archive }) => !archive), {});
  await page.getByRole("heading", { name: "No delivery problems" }).waitFor({ timeout: 30_000 });
  await page.getByText("Each of the 2 transfers loaded here").waitFor();
  await look(page, "undelivered-none");
  await page.getByRole("button", { name: "Show all transfers" }).click();
  await row(page, "tr_kept").waitFor();
  assert.equal(new URL(page.url()).search, "?merchantId=owing");
  assert.equal(await page.locator(".owed:visible").count(), 0);
});

on.story("the address of that list asks for it, and a room that does not answer is not called well", async (page) => {
  const { server } = on;
  await server.update({ transferId: "tr_mute", status: "pending", merchantId: "mute" });
  await page.route("**/transfer/tr_mute/timeline", (route) => route.abort());
  await signIn(page, server, "/dashboard?merchantId=mute&delivery=failing");
  await page.getByRole("heading", { name: "No delivery problem is known" }).waitFor();
  await page.getByText("1 of 1 loaded here did not answer").waitFor();
  await page.unroute("**/transfer/tr_mute/timeline");
  await page.getByRole("heading", { name: "No delivery problems" }).waitFor({ timeout: 30_000 });
  await page.getByText("The one transfer loaded here").waitFor();
  // A search that finds one that is well says so, and not that there is none.
  await page.getByRole("searchbox").fill("MUTE");
  await page.getByText("The one transfer found here is in the list and in the archive.").waitFor();
});

on.story("what the list does not take is found by its id, and comes onto the list by itself", async (page) => {
  const { server } = on;
  await signIn(page, server);
  await server.faults({ index: "fail" });
  await server.update({ transferId: "tr_unlisted", status: "pending" });
  const since = (await failing("tr_unlisted", ({ list }) => list)).list;
  await page.evaluate(() => (location.hash = "#/t/tr_unlisted"));
  const note = page.getByRole("dialog", { name: "tr_unlisted" }).locator(".undelivered");
  await note.getByText("The list of recent transfers has not taken this transfer since").waitFor();
  assert.equal(await note.locator("time").getAttribute("datetime"), since);
  assert.equal(await row(page, "tr_unlisted").count(), 0);
  await server.faults({ index: "ok" });
  await server.faults({ advance: RETRIED_MS });
  await row(page, "tr_unlisted").waitFor({ state: "attached" });
});
