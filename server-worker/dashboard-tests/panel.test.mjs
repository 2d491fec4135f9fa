// The side panel: a transfer's timeline with its gaps, live while open, by keyboard, by address, on a phone.
import assert from "node:assert/strict";
import { fitsTheScreen, look, PHONE, row, signIn } from "./support/browser.mjs";
import { stage } from "./support/story.mjs";

const on = stage();

on.story("the timeline shows each change and the time between them, and grows while one looks", async (page) => {
  const { server } = on;
  const first = { transferId: "tr_line", status: "pending", message: "Announced", amount: 48.2, merchantId: "line" };
  await server.update(first);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await server.update({ transferId: "tr_line", status: "processing", message: "Sent to the clearing house" });
  await signIn(page, server);
  await row(page, "tr_line").getByRole("link").click();
  const panel = page.getByRole("dialog", { name: "tr_line" });
  await panel.getByText("so far").waitFor();
  assert.equal(await page.evaluate(() => location.hash), "#/t/tr_line");
  assert.deepEqual(await panel.locator(".step strong").allInnerTexts(), ["Pending", "Processing"]);
  assert.match(await panel.locator(".gap").first().innerText(), /^after\s1\.\d s$/);
  await panel.getByText("Nobody is watching").waitFor();
  await look(page, "timeline-open");

  await server.update({ transferId: "tr_line", status: "completed", message: "Settled", metadata: { batch: 14 } });
  await panel.getByText(/^Took 1\.\d s$|^Took [2-9]/).waitFor();
  assert.deepEqual(await panel.locator(".step strong").allInnerTexts(), ["Pending", "Processing", "Completed"]);
  assert.equal(await panel.getByText("so far").count(), 0, "a final transfer waits for nothing");
  await panel.getByText("Metadata", { exact: true }).click();
  await look(page, "timeline-final");
});

on.story("the panel counts those who watch", async (page) => {
  const { server } = on;
  await server.update({ transferId: "tr_watched", status: "pending" });
  await signIn(page, server, "/dashboard#/t/tr_watched");
  const panel = page.getByRole("dialog", { name: "tr_watched" });
  await panel.getByText("Nobody is watching").waitFor();
  const watcher = await server.watch("tr_watched");
  await server.update({ transferId: "tr_watched", status: "processing" });
  await panel.getByText("1 watcher now").waitFor();
  await page.keyboard.press("Escape");
  await row(page, "tr_watched").getByTitle("1 watcher").waitFor();
  watcher.close();
});

on.story("the keyboard opens it, stays in it and comes back", async (page) => {
  await on.server.update({ transferId: "tr_keys", status: "pending" });
  await signIn(page, on.server);
  const link = row(page, "tr_keys").getByRole("link");
  await link.focus();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("dialog", { name: "tr_keys" });
  await panel.getByRole("heading", { name: "Timeline" }).waitFor();
  for (let n = 0; n < 8; n += 1) {
    await page.keyboard.press("Tab");
    // Beyond the dialog's last control the browser itself has its turn; the page behind never has.
    const isOutside = await page.evaluate(() => {
      const { activeElement } = document;
      return activeElement !== document.body && !document.getElementById("panel").contains(activeElement);
    });
    assert.equal(isOutside, false, `after ${n + 1} tabs`);
  }
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
  assert.equal(await link.evaluate((each) => each === document.activeElement), true);
  assert.equal(await page.evaluate(() => location.hash), "");
});

on.story("an address opens a transfer, the back button closes it", async (page) => {
  await on.server.update({ transferId: "tr_deep", status: "pending", message: "Here" });
  await signIn(page, on.server);
  await page.evaluate(() => (location.hash = "#/t/tr_deep"));
  const panel = page.getByRole("dialog", { name: "tr_deep" });
  await panel.getByText("Here").waitFor();
  assert.match(await page.title(), /^tr_deep/);
  await page.goBack();
  await panel.waitFor({ state: "hidden" });
  await page.goto(`${on.server.url}/dashboard#/t/tr_deep`);
  await panel.getByText("Here").waitFor();
});

on.story("who goes back and on at once sees what he went on to", async (page) => {
  await on.server.update({ transferId: "tr_quick", status: "pending", message: "Here" });
  await signIn(page, on.server, "/dashboard#/t/tr_quick");
  const panel = page.getByRole("dialog", { name: "tr_quick" });
  await panel.getByText("Here").waitFor();
  // A dialog tells of its closing in a task of its own, and here the next address is there before it.
  await page.evaluate(() => {
    for (const address of ["/dashboard", "/dashboard#/t/tr_quick"]) {
      history.pushState(null, "", address);
      dispatchEvent(new PopStateEvent("popstate"));
    }
    return new Promise((resolve) => document.getElementById("panel").addEventListener("close", resolve));
  });
  assert.equal(await page.evaluate(() => location.hash), "#/t/tr_quick");
  await panel.getByText("Here").waitFor();
});

on.story("an unknown transfer is named, and shows up once it has its first update", async (page) => {
  await signIn(page, on.server, "/dashboard#/t/tr_unknown");
  const panel = page.getByRole("dialog", { name: "tr_unknown" });
  await panel.getByRole("heading", { name: "No such transfer" }).waitFor();
  await look(page, "timeline-unknown");
  await on.server.update({ transferId: "tr_unknown", status: "pending", message: "There it is" });
  await panel.getByText("There it is").waitFor();
});

on.story(
  "on a phone it takes the whole screen",
  async (page) => {
    const { server } = on;
    const transferId = "tr_phone";
    await server.update({
      transferId,
      status: "pending",
      amount: 17.5,
      merchantId: "shop_berlin",
      customerId: "cus_9",
    });
    await server.update({
      transferId,
      status: "failed",
      message: "The receiving bank refused: the name does not match",
    });
    await signIn(page, server, "/dashboard#/t/tr_phone");
    await page.getByRole("dialog", { name: "tr_phone" }).getByRole("heading", { name: "Timeline" }).waitFor();
    await fitsTheScreen(page);
    await look(page, "timeline-phone");
  },
  { viewport: PHONE },
);
