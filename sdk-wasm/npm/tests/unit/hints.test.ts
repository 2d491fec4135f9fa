/** What the page says of itself and its network: online, hidden, frozen, on its way into the cache. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { breath } from "./support/host.ts";
import { status } from "./support/server.ts";
import { follow, server, tab, untilAsked } from "./support/stage.ts";

test("hints: online and a shown page cut a long wait short", { timeout: 60_000 }, async () => {
  let up = false;
  server.onSocket = (socket) => (up ? socket.send(status()) : socket.terminate());
  const one = follow();
  await untilAsked(6);
  // The wait begins when the driver has heard of the last failure; only then is there one to cut short.
  while (tab.ended < server.upgrades.length) await breath();
  up = true;
  tab.clock.advance(1_000);
  const before = server.upgrades.length;
  for (const [target, type] of [
    [tab, "online"],
    [tab.document, "visibilitychange"],
    [tab, "pageshow"],
    [tab.connection, "change"],
  ] as const) {
    tab.hear(target, type);
  }
  await one.count("status", 1);
  assert.ok(server.upgrades.length <= before + 1, "several hints in a row make one attempt");
});

test("offline is a rumour: a live link is probed, not dropped", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  tab.hear(tab, "offline");
  await server.until(() => server.said.length == 1);
  assert.deepEqual(server.said, ['{"type":"ping"}']);
  assert.equal(one.watch.connection, "live");
});

test("a hidden page hears that the network is back", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.terminate();
  const one = follow();
  await untilAsked(6);
  while (tab.ended < server.upgrades.length) await breath();
  tab.clock.advance(500);
  const before = server.upgrades.length;
  tab.document.hidden = true;
  tab.hear(tab.document, "visibilitychange");
  await breath(20);
  assert.equal(server.upgrades.length, before, "being hidden is no reason to dial");
  server.onSocket = (socket) => socket.send(status());
  tab.hear(tab, "online");
  await one.count("status", 1);
  assert.equal(server.upgrades.length, before + 1);
});

test("a new estimate of the speed is no change of the network", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  tab.clock.advance(4_000);
  tab.hear(tab.connection, "change");
  await breath(20);
  assert.deepEqual(server.said, []);
  tab.connection.type = "cellular";
  tab.hear(tab.connection, "change");
  await server.until(() => server.said.length == 1);
});

test("a page that has loaded at last is no page that comes back", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  tab.clock.advance(4_000);
  tab.hear(tab, "pageshow");
  await breath(20);
  assert.deepEqual([server.said.length, server.gets.length], [0, 0]);
});

test("a page on its way into the back-forward cache lets its socket go and comes back", {
  timeout: 60_000,
}, async () => {
  const one = follow();
  await one.count("status", 1);
  const dialled = server.upgrades.length;
  tab.hear(tab, "pagehide");
  // Browsers say this after `pagehide`. It is no reason to dial: nobody would let that socket go.
  tab.document.hidden = true;
  tab.clock.skip(1_000);
  tab.hear(tab.document, "visibilitychange");
  await server.until(() => server.open.length == 0);
  assert.equal(one.watch.connection, "reconnecting");
  assert.equal(tab.clock.due, undefined, "no timer stays");
  tab.hear(tab, "online");
  await breath(20);
  assert.equal(server.upgrades.length, dialled);
  tab.document.hidden = false;
  server.onSocket = (socket) => socket.send(status({ status: "completed", version: 7 }));
  tab.clock.skip(3_600_000);
  tab.hear(tab, "pageshow");
  assert.equal((await one.watch.finished).version, 7);
});

test("a tab that was frozen and throttled sees the final status on its next timer", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  server.open[0]!.terminate();
  await one.until(() => one.watch.connection == "reconnecting");
  server.onSocket = (socket) => socket.send(status({ status: "completed", version: 2 }));
  tab.clock.skip(60_000);
  tab.clock.advance(0);
  assert.equal((await one.watch.finished).version, 2);
});
