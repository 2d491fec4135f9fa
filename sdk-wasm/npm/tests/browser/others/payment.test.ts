/** The checkout page and the package in Firefox and in WebKit: what a payment meets there, on the real server. */
import { strict as assert } from "node:assert";
import { after, before, describe, test } from "node:test";

import { sign } from "../../support/server.ts";
import { until } from "../support/browser.ts";
import { serveFixture } from "../support/fixture.ts";
import { withPolicy } from "../support/relay.ts";
import { tabAddress } from "../support/tab.ts";
import { World } from "../support/world.ts";
import { see, type Driven, type Settings, type Tab } from "./support/driven.ts";
import { Firefox } from "./support/firefox.ts";
import { WebKit } from "./support/webkit.ts";

const CHECKOUT = 'document.querySelector("transfer-checkout")';
const VIEW = `${CHECKOUT}.getAttribute("view")`;
const NETWORK = `${CHECKOUT}.shadowRoot.getElementById("network").dataset.state`;
const CODE = `${CHECKOUT}.shadowRoot.getElementById("here").href`;
const CONNECTION = "document.body.dataset.connection";
const STATUS = "document.body.dataset.status";
const FAULTS = 'JSON.stringify(story.filter(([, what]) => what == "fault"))';
const SEEN = "document.visibilityState";
const WASM = " 'wasm-unsafe-eval'";

/** Says to the page what a browser says that hides it or shows it. */
const playVisibility = (state: string): string => `void (
  Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true }),
  Object.defineProperty(document, "hidden", { value: ${state == "hidden"}, configurable: true }),
  document.dispatchEvent(new Event("visibilitychange"))
)`;

/** Silence after which a hint is worth a probe, in milliseconds, and a little. */
const SILENT = 3_200;

/** Those that `cargo xtask test` has found, by the variable that names each one's program. */
const browsers: [name: string, variable: string, start: (settings?: Settings) => Promise<Driven>][] = [
  ["Firefox", "FIREFOX", Firefox.start],
  ["WebKit", "WEBKIT_DRIVER", WebKit.start],
];

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world?.close());

/** Opens the shop's page and waits until its socket is up. */
const checkout = async (browser: Driven, shop: string): Promise<{ tab: Tab; id: string }> => {
  const tab = await browser.open(shop);
  await see(tab, VIEW, "waiting");
  await see(tab, NETWORK, "live");
  return { tab, id: new URL(String(await tab.evaluate(CODE))).pathname.split("/t/")[1]! };
};

/** The sockets of this transfer that are open now. */
const open = (id: string): number => world.gateway.dials.filter(({ open, path }) => open && path.includes(id)).length;

let last = 0;
/** Address and transfer of a tab that only watches. */
const watching = (fixture: string): { address: string; id: string } => {
  const id = `elsewhere-${++last}-`;
  return { address: tabAddress(fixture, { url: world.gateway.url, transferId: id, signature: sign(id) }), id };
};

for (const [name, variable, start] of browsers) {
  describe(name, { skip: process.env[variable] ? false : `${variable} names no program` }, () => {
    let browser: Driven;
    before(async () => {
      browser = await start();
      console.log(`# ${browser.version}`);
    });
    after(() => browser?.close());

    for (const wasm of [true, false]) {
      test(`a payment under a strict policy ${wasm ? "with" : "without"}${WASM}`, async (t) => {
        const change = (policy: string) => (wasm ? policy : policy.replace(WASM, ""));
        const { tab, id } = await checkout(browser, await withPolicy(await world.shop(), change, t));
        await world.update(id, "processing");
        await see(tab, VIEW, "processing");
        await world.update(id, "completed");
        await see(tab, VIEW, "completed");
        const loaded =
          'performance.getEntriesByType("resource").filter(({ name }) => name.includes("fallback")).length';
        assert.equal(await tab.evaluate(loaded), wasm ? 0 : 1, "the session in JavaScript only where it is needed");
        await tab.close();
      });
    }

    test("hidden and back on a link that died without a word: the news shows", async (t) => {
      const { address, id } = watching(await serveFixture("tab.ts", t));
      const tab = await browser.open(address);
      await see(tab, CONNECTION, "live");
      const other = await browser.open("about:blank");
      await other.toFront();
      // A driver may not bring a tab to the front that it turns to: what the page would be told is played then.
      if ((await tab.evaluate(SEEN)) !== "hidden") await tab.evaluate(playVisibility("hidden"));
      world.gateway.mute();
      await world.update(id, "completed");
      await new Promise((wake) => setTimeout(wake, SILENT));
      const back = Date.now();
      await tab.toFront();
      const shows = (await tab.evaluate(SEEN)) === "visible";
      if (!shows) await tab.evaluate(playVisibility("visible"));
      await see(tab, STATUS, "completed");
      const how = shows ? "shown by the browser" : "shown by an event";
      console.log(`# ${name}: back on a dead link, ${how}, the end after ${Date.now() - back} ms`);
      assert.ok(Date.now() - back < 20_000, "nobody waits for the silence of 20 s and the ping of 10 s");
      assert.equal(await tab.evaluate(FAULTS), "[]");
      await tab.close();
      await other.close();
    });

    test("a network that goes and comes is caught up with", async () => {
      const { tab, id } = await checkout(browser, await world.shop());
      world.gateway.allowSockets(false);
      await world.update(id, "processing");
      await see(tab, VIEW, "processing");
      world.gateway.allowSockets(true);
      await see(tab, NETWORK, "live");
      await world.update(id, "completed");
      await see(tab, VIEW, "completed");
      await tab.close();
    });

    test("left and come back to, by the browser's own cache or anew: the payment shows", async (t) => {
      const fixture = await serveFixture("tab.ts", t);
      const { address, id } = watching(fixture);
      const tab = await browser.open(address);
      await see(tab, CONNECTION, "live");
      await tab.evaluate("void (globalThis.kept = true)");
      await tab.goto(`${fixture}/blank`);
      await until("the socket is gone", () => open(id) == 0);
      await world.update(id, "processing");
      await tab.back();
      await see(tab, STATUS, "processing");
      console.log(
        `# ${name}: back ${(await tab.evaluate("globalThis.kept === true")) ? "out of the cache" : "by a load"}`,
      );
      await world.update(id, "completed");
      await see(tab, STATUS, "completed");
      assert.equal(await tab.evaluate(FAULTS), "[]");
      await tab.close();
    });

    test("two tabs share a socket, and one goes on when the other is closed", async (t) => {
      const { address, id } = watching(await serveFixture("tab.ts", t));
      const first = await browser.open(address);
      await see(first, CONNECTION, "live");
      const second = await browser.open(address);
      await see(second, CONNECTION, "live");
      assert.equal(open(id), 1, "one socket for both");
      await world.update(id, "processing");
      await see(first, STATUS, "processing");
      await see(second, STATUS, "processing");
      await first.close();
      await world.update(id, "completed");
      await see(second, STATUS, "completed");
      assert.equal(await second.evaluate(FAULTS), "[]");
      await second.close();
    });

    test("in a sandboxed frame, with no origin and no storage, a watch shows the end", async (t) => {
      const fixture = await serveFixture("tab.ts", t);
      const { address, id } = watching(fixture);
      const tab = await browser.open(`${fixture}/blank`);
      const before = world.gateway.dials.length;
      const frame = `Object.assign(document.createElement("iframe"), { sandbox: "allow-scripts", src: ${JSON.stringify(address)} })`;
      await tab.evaluate(`void document.body.append(${frame})`);
      await until("the frame has a socket", () => open(id) == 1);
      await world.update(id, "completed");
      // No script outside sees into it: what the service sees is that the watch has heard the end, and left.
      await until("the frame has left", () => open(id) == 0);
      assert.equal(world.gateway.dials.length, before + 1, "it has dialled once");
      await tab.close();
    });

    test("with all site data blocked a watch shows the end", { skip: name != "Firefox" }, async (t) => {
      const blocked = await start({ withoutSiteData: true });
      t.after(() => blocked.close());
      const { address, id } = watching(await serveFixture("tab.ts", t));
      const tab = await blocked.open(address);
      const storage = "(() => { try { return typeof localStorage } catch (error) { return error.name } })()";
      assert.equal(await tab.evaluate(storage), "SecurityError", "the setting holds");
      await see(tab, CONNECTION, "live");
      await world.update(id, "completed");
      await see(tab, STATUS, "completed");
      assert.equal(await tab.evaluate(FAULTS), "[]");
    });
  });
}
