// The client for Rust front ends in headless Chromium, against the real server on workerd.
//
// `cargo xtask test` builds what this needs and runs it. By hand:
//   cargo build --package transfer-status-wasm --example browser --target wasm32-unknown-unknown
//   wasm-bindgen --target web --no-typescript --out-dir target/browser-app target/wasm32-unknown-unknown/debug/examples/browser.wasm
//   TRANSFER_STATUS_BROWSER_APP=$PWD/target/browser-app node --test sdk-wasm/tests/browser/watch.test.mjs
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Server, sign } from "../../npm/tests/support/server.ts";
import { Browser } from "./support/browser.mjs";
import { Network } from "./support/network.mjs";

let server, browser, network, page, id;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), Browser.start()]);
});
after(() => Promise.all([server?.stop(), browser?.stop()]));

beforeEach(async () => {
  id = `order-${randomUUID()}`;
  network = await Network.to(server.url);
});
afterEach(async () => {
  const errors = page?.errors;
  await page?.page.close();
  page = undefined;
  network.stop();
  assert.deepEqual(errors ?? [], [], "nothing went wrong in the page");
});

/** Waits for what no event tells. */
const until = async (what) => {
  for (const deadline = Date.now() + 10_000; !what(); await sleep(10)) {
    assert.ok(Date.now() < deadline, `this should be so by now: ${what}`);
  }
};

/** A page that watches `id` and has been told of its first snapshot; nothing more is to be told. */
const live = async () => {
  page = await browser.open();
  await page.watch(network.url, id, sign(id));
  await page.until("status pending");
  await page.until("connection Live");
};

test("a payment is followed to its end", async () => {
  await server.report(id, "pending");
  await live();
  await server.report(id, "processing");
  await page.until("status processing");
  await server.report(id, "completed");
  assert.deepEqual(await page.until("ended completed"), ["status completed", "closed Final", "ended completed"]);
  await until(() => network.open == 0);
  assert.equal(network.dialled, 1);
});

test("a watch goes on when the server drops its sockets", async () => {
  await server.report(id, "pending");
  await live();
  await server.evict(id);
  await page.until("connection Reconnecting");
  await page.until("connection Live");
  await server.report(id, "failed");
  assert.deepEqual(await page.until("ended failed"), ["status failed", "closed Final", "ended failed"]);
});

test("a wrong signature is an error that says what to do", async () => {
  page = await browser.open();
  await page.watch(network.url, id, sign(id, { secret: "another secret" }));
  await page.until("closed Server(CloseCode(4401))");
  assert.match(await page.next(), /^ended: the server ended the watch with close code 4401: .*signature/);
  await sleep(300);
  assert.equal(network.dialled, 1, "trying again cannot help");
});

test("an expired signature is replaced by a fresh one where there is a way, for as long as there is one", async () => {
  page = await browser.open();
  await page.watchWith(network.url, id, [sign(id, { expiry: 1_700_000_000 }), sign(id)]);
  await page.until("connection Live");
  await server.report(id, "cancelled");
  await page.until("ended cancelled");
  assert.equal(network.dialled, 2);

  await page.watchWith(network.url, id, [sign(id, { expiry: 1_700_000_000 })]);
  await page.until("ended: no fresh signature is available; create a new transfer request");
});

/** Calls a function of the app: what it gives, or what it says is wrong. */
const call = (name, ...values) =>
  page.page.evaluate(([name, values]) => window.app[name](...values).catch((error) => error), [name, values]);

test("a transfer is had as it stands without a watch, and a refusal says what to do", async () => {
  page = await browser.open();
  assert.equal(await call("get", network.url, id, sign(id)), "pending Some(0)", "nobody has reported it");
  await server.report(id, "processing");
  assert.equal(await call("get", network.url, id, sign(id)), "processing Some(1)");
  const refused = await call("get", network.url, id, sign(id, { secret: "another secret" }));
  assert.match(refused, /^the service refused the signature: .+ \(retry: false\)$/);
  const expired = await call("get", network.url, id, sign(id, { expiry: 1_700_000_000 }));
  assert.match(expired, /^the signature has expired, get a fresh one: .+ \(retry: false\)$/);
  const nobody = await call("get", "http://127.0.0.1:1", id, sign(id));
  assert.match(nobody, /^the service cannot be reached; .+ \(retry: true\)$/);
  const elsewhere = await call("get", browser.origin, id, sign(id));
  assert.match(elsewhere, /^unexpected answer \(HTTP 404\), .+ \(retry: false\)$/);
});

test("a scan is told to all who watch, and is taken back", async () => {
  await live();
  assert.equal(await call("scan", network.url, id, sign(id), true), undefined);
  await page.until("scan true");
  await call("scan", network.url, id, sign(id), false);
  await page.until("scan false");
  const refused = await call("scan", network.url, id, sign(`${id}-other`), true);
  assert.match(refused, /^the service refused the signature: /);
  assert.deepEqual(await page.lines(), [], "and nobody is told");
});

test("dropping the watch ends the connection", async () => {
  await live();
  assert.equal(network.open, 1);
  await page.page.evaluate(() => window.watching.drop_watch());
  await until(() => network.open == 0);
  await server.report(id, "completed");
  await sleep(300);
  assert.deepEqual(await page.lines(), [], "nobody listens");
  assert.equal(network.dialled, 1, "and nobody dials");
});

test("closing by hand is told like any end", async () => {
  await live();
  await page.page.evaluate(() => window.watching.close());
  await page.until("closed User");
  await page.until("ended: the watch was closed before a final status");
  await until(() => network.open == 0);
});

test("polls take over where sockets do not get through, and then the socket again", async () => {
  network.refuseSockets = true;
  await server.report(id, "pending");
  page = await browser.open();
  await page.watch(network.url, id, sign(id));
  const lines = await page.until("connection Polling");
  assert.equal(lines[0], "connection Connecting");
  assert.equal(lines[1], "problem unreachable", "a browser tells no cause");
  const [status, ...after] = lines.filter((line) => line != "problem unreachable").slice(1);
  assert.deepEqual([status, ...after], ["status pending", "problem none", "connection Polling"]);
  await server.report(id, "processing");
  await page.until("status processing");
  network.refuseSockets = false;
  await page.until("connection Live");
  await server.report(id, "completed");
  await page.until("ended completed");
});

test("a page whose fetch rejects with something strange is not brought down by it", async () => {
  network.refuseSockets = true;
  page = await browser.open(() => {
    window.asked = 0;
    window.fetch = new Proxy(window.fetch, {
      apply(target, self, [request]) {
        if (typeof request == "string" || !/transfer/.test(request.url)) return Reflect.apply(target, self, [request]);
        window.asked += 1;
        return Promise.reject("blocked");
      },
    });
  });
  await page.watch(network.url, id, sign(id));
  await page.page.waitForFunction(() => window.asked > 2);
  network.refuseSockets = false;
  await page.until("connection Live");
});

test("a socket that stays open and dead is found once the page is shown", async () => {
  await live();
  network.die();
  await server.report(id, "processing");
  await page.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  // A poll beside the ping brings the news before the socket is known to be dead.
  await page.until("status processing");
  await page.until("connection Reconnecting");
  await page.until("connection Live");
});

test("a page that comes back from the back-forward cache catches up", async () => {
  await live();
  await page.page.evaluate(() => addEventListener("pageshow", ({ persisted }) => window.tell(`kept ${persisted}`)));
  await page.leave();
  await until(() => network.open == 0);
  await sleep(300);
  assert.equal(network.dialled, 1, "a page that sleeps dials nothing");
  await server.report(id, "processing");
  await page.comeBack();
  await page.until("kept true");
  await page.until("status processing");
});

test("a worker watches as a page does", async () => {
  page = await browser.open();
  await page.page.evaluate(
    ([url, id, signature]) => {
      const worker = new Worker("./worker.js", { type: "module" });
      worker.onmessage = ({ data }) => (data == "ready" ? worker.postMessage([url, id, signature]) : window.tell(data));
    },
    [network.url, id, sign(id)],
  );
  await page.until("status pending");
  await server.report(id, "completed");
  await page.until("ended completed");
});
