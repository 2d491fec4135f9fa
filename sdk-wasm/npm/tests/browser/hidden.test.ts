/** A tab that is hidden, and frozen, and looked at again. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import { until } from "./support/browser.ts";
import { TabbedBrowser } from "./support/devtools.ts";
import { World } from "./support/world.ts";

const VIEW = 'document.querySelector("transfer-checkout").getAttribute("view")';
const CARD = 'document.querySelector("transfer-checkout").shadowRoot';
const NETWORK = `${CARD}.getElementById("network").dataset.state`;
const CODE = `${CARD}.getElementById("here").href`;
const SEEN = "document.visibilityState";

let world: World;
let browser: TabbedBrowser;

before(async () => {
  [world, browser] = await Promise.all([World.start(), TabbedBrowser.start()]);
});
after(async () => {
  await browser?.close();
  await world?.close();
});

const checkout = async () => {
  const tab = await browser.open(await world.shop());
  await tab.see(VIEW, "waiting");
  await tab.see(NETWORK, "live");
  return { tab, id: new URL(String(await tab.evaluate(CODE))).pathname.split("/t/")[1]! };
};

test("a hidden tab goes on, and is up to date when it is looked at again", async () => {
  const { tab, id } = await checkout();
  const other = await browser.open("about:blank");
  await other.toFront();
  await tab.see(SEEN, "hidden");
  await world.update(id, "processing");
  await tab.see(VIEW, "processing");

  await tab.toFront();
  await tab.see(SEEN, "visible");
  await world.update(id, "completed");
  await tab.see(VIEW, "completed");
});

test("a tab that becomes visible on a dead link finds out at once, not after the silence", async () => {
  const { tab, id } = await checkout();
  const other = await browser.open("about:blank");
  await other.toFront();
  await tab.see(SEEN, "hidden");
  await world.update(id, "processing");
  await tab.see(VIEW, "processing");
  world.gateway.cut();
  await world.update(id, "completed");
  await tab.toFront();
  await tab.see(NETWORK, "reconnecting");
  world.gateway.restore();
  await tab.see(VIEW, "completed");
});

test("a frozen tab gives its socket up and catches up when it is thawed", async () => {
  const { tab, id } = await checkout();
  const other = await browser.open("about:blank");
  await other.toFront();
  await tab.see(SEEN, "hidden");
  await tab.freeze(true);
  await until("the socket is gone", () => world.gateway.open == 0);
  await world.update(id, "processing");
  await world.update(id, "completed");
  await tab.freeze(false);
  await tab.toFront();
  await tab.see(VIEW, "completed");
  assert.equal(await tab.evaluate(SEEN), "visible");
});
