// What an operator sees of deliveries that fail: the room tries again by itself, and says what has not been taken and since when.
import assert from "node:assert/strict";
import { isLive, look, row, signIn } from "./support/browser.mjs";
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
