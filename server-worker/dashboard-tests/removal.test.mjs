// What an operator does and sees beyond the list: audit, failed deliveries, deletion, health, the keyboard alone.
import assert from "node:assert/strict";
import { look, PHONE, row, signIn } from "./support/browser.mjs";
import { ADMIN_TOKEN } from "../../sdk-wasm/npm/tests/support/server.ts";
import { stage } from "./support/story.mjs";

const on = stage();
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);

on.story("each change says by which key and request it came, and when", async (page) => {
  const { server } = on;
  await server.update({ transferId: "tr_audit", status: "pending" });
  const asked = await page.request.get(`${server.url}/transfer/tr_audit/timeline`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const [{ key, request, receivedAt }] = (await asked.json()).timeline;
  await signIn(page, server, "/dashboard#/t/tr_audit");
  const audit = page.getByRole("dialog", { name: "tr_audit" }).locator(".audit");
  await audit.getByText(key, { exact: true }).waitFor();
  await audit.getByText(request, { exact: true }).waitFor();
  assert.equal(await audit.locator("time").getAttribute("datetime"), receivedAt);
});

on.story("a part of the server that does not answer is said above the list", async (page) => {
  const message = "the archive does not answer; the log says more, and DEPLOY.md has a runbook";
  const json = { type: "error", code: "unavailable", message };
  await page.route(/\/healthz/, (route) => route.fulfill({ status: 503, json }));
  await signIn(page, on.server);
  await page.locator("#health").getByText("the archive does not answer").waitFor();
  await look(page, "health-trouble");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.route(/\/healthz/, (route) =>
    route.fulfill({ json: { status: "ok", warnings: ["HMAC_SECRET is short"] } }),
  );
  await page.reload();
  await page.getByText("The server has a warning").click();
  await page.getByText("HMAC_SECRET is short").waitFor();
  await look(page, "health-warning");
});

on.story("what somebody deletes leaves the lists of all who look, and a panel says so", async (page) => {
  const { server } = on;
  for (const transferId of ["tr_mistake", "tr_other", "tr_third"])
    await server.update({ transferId, status: "pending" });
  await signIn(page, server);
  for (const id of ["tr_mistake", "tr_other", "tr_third"]) await row(page, id).waitFor();
  // From here on the list is fetched no more, so that only the feed can tell.
  await page.route(/\/recent/, (route) => route.abort());
  const remove = (id) =>
    page.request.delete(`${server.url}/transfer/${id}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  assert.equal((await remove("tr_mistake")).status(), 204);
  await row(page, "tr_mistake").waitFor({ state: "detached" });
  await row(page, "tr_other").getByRole("link").click();
  await page.getByRole("dialog", { name: "tr_other" }).getByRole("heading", { name: "Timeline" }).waitFor();
  await remove("tr_other");
  await page.getByRole("heading", { name: "No such transfer" }).waitFor();
  await page.keyboard.press("Escape");
  await row(page, "tr_other").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Pause" }).click();
  await remove("tr_third");
  await row(page, "tr_third").waitFor({ state: "detached" });
});

on.story("deleting asks for the token, and what is deleted is gone for everybody", async (page) => {
  const { server } = on;
  await server.update({ transferId: "tr_doomed", status: "pending" });
  await server.update({ transferId: "tr_stays", status: "pending" });
  await signIn(page, server, "/dashboard#/t/tr_doomed");
  const remove = page.getByRole("button", { name: "Delete this transfer" });
  await remove.click();
  const dialog = page.getByRole("dialog", { name: "Delete this transfer?" });
  assert.equal(await focused(page), "removal-token");
  await look(page, "removal");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.equal(await focused(page), "Delete this transfer", "Escape keeps it, and goes back to where one was");
  await page.getByRole("dialog", { name: "tr_doomed" }).waitFor();

  await page.keyboard.press("Enter");
  await page.getByLabel("To confirm, the admin token").fill("not the token");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText("Nothing was deleted").waitFor();
  await page.setViewportSize(PHONE);
  await look(page, "removal-refused");
  await page.getByLabel("To confirm, the admin token").fill(ADMIN_TOKEN);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await row(page, "tr_doomed").waitFor({ state: "detached" });
  assert.equal(await page.locator("#panel").isVisible(), false);
  await row(page, "tr_stays").waitFor();
  assert.equal(await page.locator("#removal-token").inputValue(), "", "the token does not stay in the page");
  await page.goto(`${server.url}/dashboard#/t/tr_doomed`);
  await page.getByRole("heading", { name: "No such transfer" }).waitFor();
});

on.story("a session alone deletes nothing", async (page) => {
  await on.server.update({ transferId: "tr_safe", status: "pending" });
  await signIn(page, on.server);
  const status = await page.evaluate(async () => (await fetch("/transfer/tr_safe", { method: "DELETE" })).status);
  assert.equal(status, 401);
});

on.story("the keyboard does it all, and single keys can be switched off", async (page) => {
  await on.server.update({ transferId: "tr_key_1", status: "pending" });
  await on.server.update({ transferId: "tr_key_2", status: "pending" });
  await signIn(page, on.server);
  await page.keyboard.press("/");
  assert.equal(await focused(page), "search");
  await page.keyboard.type("tr_key");
  await row(page, "tr_stays").waitFor({ state: "detached" });
  await page.locator("#transfers").focus();
  await page.keyboard.press("j");
  assert.equal(await focused(page), "tr_key_2");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(page), "tr_key_1");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "tr_key_2" }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "tr_key_2");

  await page.keyboard.press("e");
  assert.equal(await focused(page), "export-csv");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "export");
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await keys.waitFor();
  await look(page, "keys");
  await keys.getByRole("checkbox").uncheck();
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "export");
  await page.keyboard.press("p");
  await page.reload();
  await row(page, "tr_key_1").waitFor();
  await page.keyboard.press("p");
  await page.keyboard.press("?");
  assert.equal(await keys.isVisible(), false);
  await page.getByRole("button", { name: "Pause" }).waitFor();
});
