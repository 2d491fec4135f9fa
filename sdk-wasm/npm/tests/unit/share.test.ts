/** Several tabs of one browser that watch the same transfer. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Tab, Watching, breath } from "./support/host.ts";
import { Locks } from "./support/locks.ts";
import { TestServer, signature, status, transfer } from "./support/server.ts";

let server: TestServer;
let locks: Locks;
let watching: Watching[];

beforeEach(async () => {
  server = await TestServer.start();
  locks = new Locks();
  watching = [];
});
afterEach(() => {
  for (const { watch } of watching) watch.close();
  server.stop();
});

const open = (options: object = {}, tab = new Tab(locks)) => {
  const one = tab.watch({ url: server.url, transferId: "transfer-123", signature, ...options });
  watching.push(one);
  return { tab, one };
};

/** Lets time pass in these tabs until `test` holds. */
const until = async (tabs: { tab: Tab }[], test: () => boolean) => {
  while (!test()) {
    for (const { tab } of tabs) tab.clock.advance(200);
    await breath();
  }
};

/** The first tab leads, the others follow. */
const openTabs = async (count: number) => {
  const first = open();
  await first.one.count("status", 1);
  const others = [];
  for (let i = 1; i < count; i++) {
    const other = open();
    await other.one.count("status", 1);
    others.push(other);
  }
  return [first, ...others] as { tab: Tab; one: Watching }[];
};

test("three tabs hold one socket, and a new tab gets the newest status at once", { timeout: 60_000 }, async () => {
  const [first, second] = (await openTabs(2)) as any;
  server.send(status({ status: "processing", version: 2 }));
  await second.one.count("status", 2);
  const third = open();
  await third.one.count("status", 1);
  assert.deepEqual(third.one.versions, [2]);
  assert.equal(server.upgrades.length, 1);
  for (const { one } of [first, second, third]) assert.equal(one.watch.connection, "live");
  assert.deepEqual(first.one.versions, [1, 2]);
});

test("every tab sees each version once, a scan, and the end", { timeout: 60_000 }, async () => {
  const tabs = await openTabs(3);
  server.send(JSON.stringify({ type: "scan", transferId: "transfer-123", scanned: true, at: "2024-01-15T10:30:00Z" }));
  for (const version of [2, 2, 3]) server.send(status({ status: "processing", version }));
  server.send(status({ status: "completed", version: 4 }));
  for (const { one } of tabs) {
    assert.equal((await one.watch.finished).version, 4);
    assert.deepEqual([...new Set(one.versions)], one.versions);
    assert.equal(one.all("scan").length, 1);
    assert.deepEqual(one.all("closed"), [null]);
  }
  assert.equal(tabs[1]!.one.all("connection").join(), "connecting,live,closed");
});

test("when the leading tab closes, the next one dials behind the scenes", { timeout: 60_000 }, async () => {
  const [first, second, third] = await openTabs(3);
  first!.one.watch.close();
  await server.until(() => server.upgrades.length == 2 && server.open.length == 1);
  server.send(status({ status: "processing", version: 2 }));
  await third!.one.count("status", 2);
  for (const { one } of [second!, third!]) {
    assert.deepEqual(one.versions, [1, 2]);
    assert.deepEqual(one.all("connection"), ["connecting", "live"], "nobody noticed");
  }
  assert.equal(server.open.length, 1);
});

test("a lost socket makes every tab back off, and one of them dials", { timeout: 60_000 }, async () => {
  const tabs = await openTabs(3);
  server.open[0]!.close(1012);
  await tabs[0]!.one.until(({ watch }) => watch.connection == "reconnecting");
  // A follower that gets the lock before it hears of the loss dials at once, and never says "reconnecting".
  await until(tabs, () => tabs.every(({ one }) => one.watch.connection == "live"));
  assert.equal(server.upgrades.length, 2);
  assert.equal(server.open.length, 1);
});

test("a leader that is frozen gives the lead away", { timeout: 60_000 }, async () => {
  const [first, second] = await openTabs(2);
  first!.tab.hear(first!.tab.document, "freeze");
  await server.until(() => server.upgrades.length == 2);
  server.send(status({ status: "processing", version: 2 }));
  await second!.one.count("status", 2);
  assert.deepEqual(first!.one.versions, [1]);

  first!.tab.clock.skip(600_000);
  first!.tab.hear(first!.tab.document, "resume");
  await until([first!], () => first!.one.versions.length == 2);
  assert.equal(server.upgrades.length, 2, "back as a follower");
});

test("a leader that stopped without a word loses the lead after silence", { timeout: 60_000 }, async () => {
  // A channel that is deaf and mute from some moment on, and a clock that stands: what a suspended page is.
  let suspended = false;
  const asleep = new Tab(locks);
  class Sleeper extends BroadcastChannel {
    override postMessage(message: unknown) {
      if (!suspended) super.postMessage(message);
    }
    override set onmessage(listener: (event: MessageEvent) => void) {
      super.onmessage = (event: any) => suspended || listener(event);
    }
  }
  Object.assign(asleep, { BroadcastChannel: Sleeper });
  const first = open({}, asleep);
  await first.one.count("status", 1);
  const second = open();
  await second.one.count("status", 1);

  suspended = true;
  server.onSocket = (socket) => socket.send(status({ status: "processing", version: 2 }));
  await until([second], () => server.upgrades.length == 2);
  await second.one.until(({ versions }) => versions.includes(2));

  suspended = false;
  await until([first, second], () => [first, second].every(({ one }) => one.versions.includes(2)));
  await until([first, second], () => server.open.length == 1);
  assert.equal(server.upgrades.length, 2, "the old leader follows the new one");
});

test("tabs with signatures of their own do not stop each other", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, { headers }) => {
    const good = "signature." + Buffer.from(signature).toString("base64url");
    if (headers["sec-websocket-protocol"]!.includes(good)) return socket.send(status());
    socket.send('{"type":"error","code":"unauthorized","message":"wrong"}');
    socket.close(4401);
  };
  const bad = open({ signature: "wrong" });
  const good = open();
  await assert.rejects(bad.one.watch.finished, { code: "unauthorized" });
  await until([good], () => good.one.watch.connection == "live");
});

test("share: false, another transfer, and a browser without locks go by themselves", { timeout: 60_000 }, async () => {
  await openTabs(1);
  await open({ share: false }).one.count("status", 1);
  await open({}, new Tab()).one.count("status", 1);
  assert.equal(server.upgrades.length, 3);
  server.onSocket = (socket) => socket.send(JSON.stringify({ type: "status", transfer: transfer({ id: "other" }) }));
  await open({ transferId: "other" }).one.count("status", 1);
  assert.equal(server.upgrades.length, 4);
});

test("a sandboxed frame that may not use locks goes by itself", { timeout: 60_000 }, async () => {
  const refused = { request: () => Promise.reject(new DOMException("Access is denied.", "SecurityError")) };
  await open({}, new Tab(refused)).one.count("status", 1);
  assert.equal(server.upgrades.length, 1);
});
