// When the network or the server goes away: what the page says, and that nothing is missing afterwards.
import assert from "node:assert/strict";
import { fitsTheScreen, idsOf, isLive, look, PHONE, row, signIn } from "./support/browser.mjs";
import { stage } from "./support/story.mjs";

const on = stage();

on.story("offline is said at once, and what happened meanwhile is there afterwards", async (page) => {
  await on.server.update({ transferId: "tr_before", status: "pending" });
  await signIn(page, on.server);
  await page.context().setOffline(true);
  await page.locator("#banner").getByText("You are offline").waitFor();
  await look(page, "offline");
  await page.setViewportSize(PHONE);
  await fitsTheScreen(page);
  await look(page, "offline-phone");
  await on.server.update({ transferId: "tr_meanwhile", status: "pending" });
  await page.context().setOffline(false);
  await row(page, "tr_meanwhile").waitFor();
  await page.locator("#banner").getByText("You are offline").waitFor({ state: "detached" });
});

on.story("a server that dies and comes back: the banner says so, the feed heals, the gap is filled", async (page) => {
  const { server } = on;
  await signIn(page, server);
  await server.kill();
  await page.locator("#banner").getByText("The server cannot be reached").waitFor();
  await look(page, "server-away");
  await server.restart();
  // The page has not reconnected yet, or only some of its feeds have.
  await server.update({ transferId: "tr_in_the_gap", status: "pending" });
  await page
    .getByRole("button", { name: "Try now" })
    .click()
    .catch(() => {});
  await row(page, "tr_in_the_gap").waitFor();
  await isLive(page);
  await page.locator("#banner:not(.shown)").waitFor({ state: "attached" });
  await server.update({ transferId: "tr_after", status: "pending" });
  await row(page, "tr_after").waitFor();
  assert.equal((await idsOf(page))[0], "tr_after");
});

on.story("while the first answers are on their way there are bones, no claim that there is nothing", async (page) => {
  await signIn(page, on.server);
  const held = [];
  await page.route(/\/(recent|dashboard\/stats)/, (route) => held.push(route));
  await page.reload();
  await page.locator(".skeleton").first().waitFor();
  assert.equal(await page.locator("#list-state").isVisible(), false);
  await look(page, "loading");
  for (const route of held) await route.continue();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await row(page, "tr_before").waitFor();
});

on.story("a list that cannot be had is an error with a way out, and is tried again by itself", async (page) => {
  await signIn(page, on.server);
  const message = "the recent index does not answer: try again in a moment";
  const json = { type: "error", code: "unavailable", message };
  await page.route(/\/recent/, (route) => route.fulfill({ status: 503, headers: { "retry-after": "1" }, json }));
  await page.locator(".tab", { hasText: "Pending" }).click();
  await page.getByRole("heading", { name: "The list could not be loaded" }).waitFor();
  await page.getByText("the recent index does not answer").waitFor();
  await look(page, "list-failed");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await row(page, "tr_before").waitFor();
});
