/** Several tabs of one browser that watch the same transfer. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
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

/** Waits for what needs no time to pass, and then for whatever else is on its way. */
const settled = async (test: () => boolean) => {
  while (!test()) await breath();
  await breath(40);
};

/** A lock and a message go ways of their own between two tabs: either may be there first. */
const orders = {
  "the lock before the message": queueMicrotask,
  "the message before the lock": (grant: () => void) => void setTimeout(grant, 30),
};

for (const [order, soon] of Object.entries(orders)) {
  test(`when the leading tab closes, the others wait and dial as after any loss: ${order}`, {
    timeout: 60_000,
  }, async () => {
    locks.soon = soon;
    const [first, ...others] = await openTabs(3);
    first!.one.watch.close();
    await settled(() => !server.open.length);
    assert.equal(server.upgrades.length, 1, "no tab dials without a wait of its own");
    await until(others, () => others.every(({ one }) => one.watch.connection == "reconnecting"));
    server.onSocket = (socket) => socket.send(status({ status: "processing", version: 2 }));
    await until(others, () => others.every(({ one }) => one.watch.connection == "live"));
    for (const { one } of others) {
      assert.deepEqual(one.versions, [1, 2]);
      assert.deepEqual(one.all("connection"), ["connecting", "live", "reconnecting", "live"]);
    }
    assert.deepEqual([server.upgrades.length, server.open.length], [2, 1]);
  });

  test(`a lost socket makes every tab back off, and one of them dials: ${order}`, { timeout: 60_000 }, async () => {
    locks.soon = soon;
    const tabs = await openTabs(3);
    server.open[0]!.close(1012);
    await settled(() => tabs.every(({ one }) => one.watch.connection == "reconnecting"));
    for (const { one } of tabs) {
      assert.deepEqual([one.watch.problem!.kind, one.watch.problem!.code], ["closed", 1012]);
      assert.ok(one.watch.problem!.nextAttempt, "each waits by its own jitter");
    }
    assert.equal(server.upgrades.length, 1);
    await until(tabs, () => tabs.every(({ one }) => one.watch.connection == "live"));
    assert.deepEqual([server.upgrades.length, server.open.length], [2, 1]);
  });

  test(`4429 keeps every tab away for ten seconds: ${order}`, { timeout: 60_000 }, async () => {
    locks.soon = soon;
    const tabs = await openTabs(3);
    server.open[0]!.close(4429);
    await settled(() => tabs.every(({ one }) => !!one.watch.problem));
    for (const { tab, one } of tabs) {
      assert.equal(one.watch.problem!.kind, "too-many-watchers");
      tab.clock.advance(9_999);
    }
    await breath(20);
    assert.equal(server.upgrades.length, 1);
    await until(tabs, () => tabs.every(({ one }) => one.watch.connection == "live"));
  });

  test(`a code that stops stops every tab: ${order}`, { timeout: 60_000 }, async () => {
    locks.soon = soon;
    const tabs = await openTabs(3);
    server.open[0]!.close(4404);
    for (const { one } of tabs) await assert.rejects(one.watch.finished, { code: "not_found", closeCode: 4404 });
    await settled(() => !locks.names.length);
    assert.equal(server.upgrades.length, 1);
  });

  test(`the final status is the end for every tab, and nobody dials once more: ${order}`, {
    timeout: 60_000,
  }, async () => {
    locks.soon = soon;
    const tabs = await openTabs(3);
    server.send(status({ status: "completed", version: 2 }));
    for (const { one } of tabs) assert.equal((await one.watch.finished).version, 2);
    for (const { tab } of tabs) tab.clock.advance(60_000);
    await settled(() => !locks.names.length);
    assert.equal(server.upgrades.length, 1);
  });

  test(`two tabs on a network that hangs: neither says live, both show the news: ${order}`, {
    timeout: 60_000,
  }, async () => {
    locks.soon = soon;
    const tabs = await openTabs(2);
    for (const { tab } of tabs) tab.clock.advance(6_000);
    server.isHanging = true;
    for (const socket of server.open) socket.removeAllListeners("message");
    server.onGet = (_, response) => response.end(JSON.stringify(transfer({ status: "completed", version: 2 })));
    let passed = 0;
    const over = () => tabs.every(({ one }) => one.all("closed").length);
    while (!over()) {
      for (const { tab } of tabs) tab.clock.advance(200);
      await breath();
      passed += 200;
      assert.ok(
        passed < 100_000,
        `no news after ${passed} ms: ${server.upgrades.length} dials, ${server.gets.length} polls`,
      );
      for (const { one } of passed > 31_000 ? tabs : [])
        assert.notEqual(one.watch.connection, "live", `after ${passed} ms`);
    }
    for (const { one } of tabs) assert.deepEqual(one.versions, [1, 2]);
  });
}

test("a follower's ping is the socket's, and its pong is the follower's", { timeout: 60_000 }, async () => {
  const [first, second] = await openTabs(2);
  second!.tab.clock.advance(20_000);
  await server.until(() => server.said.length == 1);
  assert.deepEqual(server.said, ['{"type":"ping"}']);
  await breath(20);
  second!.tab.clock.advance(19_000);
  assert.equal(second!.one.watch.connection, "live", "the pong came");
  assert.deepEqual(first!.one.all("connection"), ["connecting", "live"]);
});

test("a follower that is looked at again finds out that the leader's socket is dead", { timeout: 60_000 }, async () => {
  const [, second] = await openTabs(2);
  server.open[0]!.removeAllListeners("message");
  server.onGet = (_, response) => response.end(JSON.stringify(transfer({ status: "processing", version: 2 })));
  second!.tab.clock.advance(4_000);
  second!.tab.hear(second!.tab.document, "visibilitychange");
  await second!.one.count("status", 2);
  assert.equal(second!.one.watch.connection, "live", "the link still has its deadline");
  second!.tab.clock.advance(2_499);
  assert.equal(second!.one.watch.connection, "live");
  second!.tab.clock.advance(1);
  assert.notEqual(second!.one.watch.connection, "live");
});

test("what the server says against one tab is nobody else's", { timeout: 60_000 }, async () => {
  const [first, second] = await openTabs(2);
  server.send('{"type":"error","code":"unavailable","message":"try again later"}');
  server.send(status({ version: 2 }));
  await second!.one.count("status", 2);
  assert.deepEqual([first!.one.all("notice").length, second!.one.all("notice").length], [1, 0]);
});

test("a newcomer hears nothing of a socket that is not live", { timeout: 60_000 }, async () => {
  server.onSocket = () => {};
  const first = open();
  await server.until(() => server.upgrades.length == 1);
  const second = open();
  await breath(20);
  assert.deepEqual(second.one.all("connection"), ["connecting"]);
  server.send(status({ version: 3 }));
  await second.one.count("status", 1);
  assert.deepEqual([first.one.versions, second.one.versions], [[3], [3]]);
});

test("a leader that is frozen gives the lead away, and comes back as a follower", { timeout: 60_000 }, async () => {
  const [first, second] = await openTabs(2);
  first!.tab.hear(first!.tab.document, "freeze");
  server.onSocket = (socket) => socket.send(status({ status: "processing", version: 2 }));
  await until([second!], () => second!.one.versions.length == 2);
  assert.deepEqual(first!.one.versions, [1]);
  assert.equal(first!.tab.clock.due, undefined, "a frozen page has no timer");

  first!.tab.clock.skip(600_000);
  first!.tab.hear(first!.tab.document, "resume");
  await until([first!], () => first!.one.watch.connection == "live");
  assert.equal(server.upgrades.length, 2);
});

test("a follower that was frozen robs nobody", { timeout: 60_000 }, async () => {
  const [first, second] = await openTabs(2);
  second!.tab.hear(second!.tab.document, "freeze");
  second!.tab.clock.skip(60_000);
  second!.tab.hear(second!.tab.document, "resume");
  await until([second!], () => second!.one.watch.connection == "live");
  assert.equal(server.upgrades.length, 1);
  assert.deepEqual(first!.one.all("connection"), ["connecting", "live"]);
});

test("a follower that is frozen before its ping is answered robs nobody", { timeout: 60_000 }, async () => {
  const [first, second] = await openTabs(2);
  second!.tab.clock.advance(20_000);
  second!.tab.hear(second!.tab.document, "freeze");
  await server.until(() => server.said.length == 1);
  second!.tab.clock.skip(60_000);
  second!.tab.hear(second!.tab.document, "resume");
  await until([second!], () => second!.one.watch.connection == "live");
  await breath(20);
  assert.equal(server.upgrades.length, 1);
  assert.deepEqual(first!.one.all("connection"), ["connecting", "live"]);
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

const judge = (socket: { send(text: string): void; close(code: number): void }, request: IncomingMessage) => {
  const good = "signature." + Buffer.from(signature).toString("base64url");
  if (request.headers["sec-websocket-protocol"]!.split(/, */)[1] == good) return socket.send(status());
  socket.send('{"type":"error","code":"unauthorized","message":"the signature is wrong"}');
  socket.close(4401);
};

for (const order of ["first", "second"]) {
  test(`a wrong signature sees nothing of a good one's status: ${order}`, { timeout: 60_000 }, async () => {
    server.onSocket = judge;
    const others = order == "second" ? [open()] : [];
    for (const { one } of others) await one.count("status", 1);
    // As long as the good one, with the same end.
    const wrong = open({ signature: "f" + signature.slice(1) });
    await assert.rejects(wrong.one.watch.finished, { code: "unauthorized", message: "the signature is wrong" });
    assert.deepEqual(wrong.one.versions, []);
    if (order == "first") others.push(open());
    await until(others, () => others.every(({ one }) => one.watch.connection == "live"));
    assert.deepEqual(others[0]!.one.all("notice"), []);
  });
}

test("signatures that are nearly the same share nothing", { timeout: 60_000 }, async () => {
  // "Aa" and "BB" are one to the best known hash of a text.
  for (const end of ["Aa", "BB", "aA"]) await open({ signature: signature + end }).one.count("status", 1);
  assert.equal(server.upgrades.length, 3);
});

test("the names that a browser shows hold no signature", { timeout: 60_000 }, async () => {
  await openTabs(1);
  assert.equal(locks.names.length, 1);
  assert.ok(!locks.names[0]!.includes(signature.slice(4, 12)));
});

test("outside a page nothing is shared: one process serves many users", { timeout: 60_000 }, async () => {
  for (let i = 0; i < 2; i++) {
    const process = new Tab(locks);
    Object.assign(process, { document: undefined });
    await open({}, process).one.count("status", 1);
  }
  assert.equal(server.upgrades.length, 2);
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

test("where locks or channels are refused, a tab goes by itself", { timeout: 60_000 }, async () => {
  const refused = { request: () => Promise.reject(new DOMException("Access is denied.", "SecurityError")) };
  await open({}, new Tab(refused)).one.count("status", 1);
  // Firefox, with cookies blocked.
  const blocked = new Tab(locks);
  Object.assign(blocked, {
    BroadcastChannel: class {
      constructor() {
        throw new DOMException("The operation is insecure.", "SecurityError");
      }
    },
  });
  await open({}, blocked).one.count("status", 1);
  assert.equal(server.upgrades.length, 2);
});

test("tabs that share locks and no channel stop robbing each other", { timeout: 60_000 }, async () => {
  const deaf = () => {
    const tab = new Tab(locks);
    Object.assign(tab, {
      BroadcastChannel: class {
        postMessage() {}
        close() {}
      },
    });
    return open({}, tab);
  };
  const tabs = [deaf(), deaf()];
  await until(tabs, () => tabs.every(({ one }) => one.watch.connection == "live"));
  const dialled = server.upgrades.length;
  assert.ok(dialled <= 6, `${dialled} dials`);
  for (let passed = 0; passed < 120_000; passed += 1_000) {
    for (const { tab } of tabs) tab.clock.advance(1_000);
    await breath(1);
  }
  assert.equal(server.upgrades.length, dialled, "each has a socket of its own");
});

test("tabs that were without network for long share one socket again", { timeout: 60_000 }, async () => {
  server.isHanging = true;
  const tabs = [open(), open()];
  // Each takes the lock more than once from the other, whose socket is as dead as its own.
  for (let passed = 0; passed < 120_000; passed += 500) {
    for (const { tab } of tabs) tab.clock.advance(500);
    await breath(1);
  }
  server.isHanging = false;
  await until(tabs, () => tabs.every(({ one }) => one.watch.connection == "live"));
  await breath(20);
  assert.equal(server.open.length, 1);
});

test("a socket that cannot be made is told, shared or not", { timeout: 60_000 }, async () => {
  for (const share of [true, false]) {
    const tab = new Tab(locks);
    Object.assign(tab, {
      WebSocket: class {
        constructor() {
          throw new DOMException("An insecure WebSocket may not be made from a secure page.", "SecurityError");
        }
      },
    });
    const { one } = open({ share }, tab);
    await one.count("problem", 1);
    assert.equal(one.watch.problem!.kind, "unreachable");
  }
});
