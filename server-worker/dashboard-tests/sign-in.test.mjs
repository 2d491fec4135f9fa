// Who gets in: the token and its refusals, the session and its end, a server that has no token.
import assert from "node:assert/strict";
import { fitsTheScreen, isLive, look, PHONE, row, signIn } from "./support/browser.mjs";
import { ADMIN_TOKEN } from "../../sdk-wasm/npm/tests/support/server.ts";
import { stage } from "./support/story.mjs";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const open = stage();
const closed = stage({ ADMIN_TOKEN: "" });

open.story("without a session the dashboard is the sign-in page", async (page) => {
  const response = await page.goto(`${open.server.url}/dashboard`);
  assert.equal(response.status(), 401);
  assert.equal(response.headers()["content-security-policy"], POLICY);
  assert.equal(await page.evaluate(() => document.activeElement.id), "token", "one can type at once");
  await look(page, "sign-in");
  await page.setViewportSize(PHONE);
  await fitsTheScreen(page);
  await look(page, "sign-in-phone");
});

open.story("the right token opens it, and the address keeps what it asked for", async (page) => {
  await signIn(page, open.server, "/dashboard?status=failed");
  assert.equal(new URL(page.url()).search, "?status=failed");
  assert.match(await page.locator('.tab[aria-current="true"]').innerText(), /Failed/);
  const [cookie] = await page.context().cookies();
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, "Strict");
  const response = await page.goto(`${open.server.url}/dashboard`);
  assert.equal(response.headers()["content-security-policy"], POLICY);
});

open.story("a wrong token is refused and told so", async (page) => {
  await page.goto(`${open.server.url}/dashboard`);
  await page.getByLabel("Admin token").fill("not the token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: "not the admin token" }).waitFor();
  await look(page, "sign-in-wrong-token");
  await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
  await page.keyboard.press("Enter");
  await isLive(page);
});

open.story("as long as its script is not there, the page sends the token nowhere", async (page) => {
  await page.route("**/sign-in.js", () => {});
  await page.goto(`${open.server.url}/dashboard`, { waitUntil: "commit" });
  const sent = [];
  page.on("request", (request) => sent.push(request.url()));
  await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
  await page.keyboard.press("Enter");
  // Nothing may happen, so there is nothing to wait for but the browser itself.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  assert.deepEqual(
    sent.filter((url) => url.includes("?")),
    [],
  );
  assert.equal(page.url(), `${open.server.url}/dashboard`);
});

open.story("signing out ends the session on the server too", async (page) => {
  await signIn(page, open.server);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const refused = await page.request.get(`${open.server.url}/recent`);
  assert.equal(refused.status(), 401);
});

open.story("a session that ends says so, and the next one goes on at the same place", async (page) => {
  await open.server.update({ transferId: "tr_session", status: "pending" });
  await signIn(page, open.server, "/dashboard?status=pending");
  await page.context().clearCookies();
  await open.server.update({ transferId: "tr_session", status: "processing" });
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await dialog.waitFor();
  assert.equal(await page.locator("#link-text").innerText(), "Session ended");
  await look(page, "session-ended");
  await dialog.getByRole("button", { name: "Sign in again" }).click();
  await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await isLive(page);
  assert.equal(new URL(page.url()).search, "?status=pending");
  assert.equal(await row(page, "tr_session").count(), 0, "it is not pending any more");
});

closed.story("a server without ADMIN_TOKEN is closed and says why", async (page) => {
  const response = await page.goto(`${closed.server.url}/dashboard`);
  assert.equal(response.status(), 403);
  await page.getByRole("heading", { name: "The dashboard is closed" }).waitFor();
  assert.match(await page.locator("main").innerText(), /ADMIN_TOKEN/);
  const refused = await page.request.post(`${closed.server.url}/dashboard/session`, { data: { token: "" } });
  assert.equal(refused.status(), 403);
  await look(page, "closed");
});
