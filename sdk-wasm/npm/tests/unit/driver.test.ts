/** The driver against a real WebSocket server, in virtual time: dialling, frames, and what replaces a lost link. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { TransferStatusError } from "../../src/error.ts";
import { breath } from "./support/host.ts";
import { signature, status, transfer } from "./support/server.ts";
import { follow, server, tab, untilAsked } from "./support/stage.ts";

test("a payment is followed to its end", { timeout: 60_000 }, async () => {
  const one = follow();
  const { watch } = one;
  await one.count("status", 1);
  assert.equal(watch.connection, "live");
  server.send(status({ status: "processing", version: 2 }));
  server.send(JSON.stringify({ type: "scan", transferId: "transfer-123", scanned: true, at: "2024-01-15T10:30:00Z" }));
  server.send(status({ status: "completed", version: 3 }));

  assert.equal((await watch.finished).status, "completed");
  assert.deepEqual(one.versions, [1, 2, 3]);
  assert.equal(one.all("scan")[0]!.scanned, true);
  assert.deepEqual(one.all("connection"), ["connecting", "live", "closed"]);
  assert.deepEqual(one.all("closed"), [null]);
  assert.equal(watch.latest!.version, 3);
  await server.until(() => server.open.length == 0);
  assert.equal(tab.clock.due, undefined, "no timer stays");
});

test("the signature travels in the subprotocol and nowhere else", { timeout: 60_000 }, async () => {
  await follow().count("status", 1);
  const [request] = server.upgrades;
  assert.equal(request!.url, "/ws/transfer-123");
  const [version, item] = request!.headers["sec-websocket-protocol"]!.split(/, */);
  assert.equal(version, "transfer-status.v1");
  assert.equal(item, "signature." + Buffer.from(signature).toString("base64url"));
});

test("a path before /ws and a ws address are kept", { timeout: 60_000 }, async () => {
  await follow({ url: server.url.replace("http", "ws") + "/pay/" }).count("status", 1);
  assert.equal(server.upgrades[0]!.url, "/pay/ws/transfer-123");
});

test("the user gets the object that JSON.parse made, unknown fields and all", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) =>
    socket.send(
      JSON.stringify({
        type: "status",
        transfer: { ...transfer({ metadata: { order: [1, null] } }), future: { x: 1 } },
      }),
    );
  const one = follow();
  await one.count("status", 1);
  assert.deepEqual(one.watch.latest, { ...transfer({ metadata: { order: [1, null] } }), future: { x: 1 } });
});

test("an older version and a repeated one are not shown", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  for (const version of [3, 2, 3, 1, 4]) server.send(status({ status: "processing", version }));
  await one.until(({ versions }) => versions.includes(4));
  assert.deepEqual(one.versions, [1, 3, 4]);
});

for (const [code, name] of [
  [4400, "bad_request"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
  [4404, "not_found"],
  [4410, "expired"],
  [4413, "too_large"],
] as const) {
  test(`${code} stops with an error that says what to do`, { timeout: 60_000 }, async () => {
    server.onSocket = (socket) => {
      socket.send(JSON.stringify({ type: "error", code: "unauthorized", message: "do this" }));
      socket.close(code);
    };
    const one = follow();
    await assert.rejects(one.watch.finished, (error) => {
      assert.ok(error instanceof TransferStatusError);
      assert.deepEqual([error.code, error.closeCode, error.message], [name, code, "do this"]);
      return true;
    });
    assert.equal(one.all("error").length, 1);
    assert.equal(one.all("closed")[0], one.all("error")[0]);
    await assert.rejects(one.watch[Symbol.asyncIterator]().next(), TransferStatusError);
    assert.equal(tab.clock.due, undefined);
    assert.equal(server.upgrades.length, 1);
  });
}

test("a server that goes away is dialled again, and only news are shown", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, _, attempt) => {
    socket.send(status({ version: attempt < 3 ? 1 : 2 }));
    if (attempt < 3) setTimeout(() => socket.close(attempt == 1 ? 1012 : 1013), 20);
  };
  const one = follow();
  await one.count("status", 1);
  await untilAsked(3);
  await one.until(({ versions }) => versions.length == 2);
  assert.deepEqual(one.versions, [1, 2]);
  assert.deepEqual([...new Set(one.all("connection"))], ["connecting", "live", "reconnecting"]);
});

test("4429 keeps the client away for ten seconds", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.close(4429);
  const one = follow();
  await untilAsked(1);
  await one.count("problem", 1);
  assert.equal(one.watch.problem!.kind, "too-many-watchers");
  tab.clock.advance(9_999);
  await breath();
  assert.equal(server.upgrades.length, 1);
  await untilAsked(2);
});

test("a frame that is not of the protocol costs the link, not the watch", { timeout: 60_000 }, async () => {
  const bad = ["nonsense", Buffer.from([1, 2]), status({ id: "another" }), '{"type":5}'];
  server.onSocket = (socket, _, attempt) => socket.send(bad[attempt - 1] ?? status());
  const one = follow();
  await untilAsked(bad.length + 1);
  await one.count("status", 1);
  assert.equal(one.watch.connection, "live");
});

test("a message from the future is skipped", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  server.send('{"type":"weather","sunny":true}');
  server.send(status({ version: 2 }));
  await one.count("status", 2);
  assert.equal(server.upgrades.length, 1);
});

test("silence is answered with a ping, and a dead link is left without waiting for it", {
  timeout: 60_000,
}, async () => {
  const one = follow();
  await one.count("status", 1);
  tab.clock.advance(20_000);
  await server.until(() => server.said.length == 1);
  // The pong came; the next one stays out: the socket remains OPEN and dead, as iOS has it.
  await breath(20);
  server.open[0]!.removeAllListeners("message");
  const [dead] = server.open;
  tab.clock.advance(20_000);
  tab.clock.advance(10_000);
  await untilAsked(2);
  await one.until(() => one.watch.connection == "live");
  dead!.send(status({ version: 9 }));
  server.open.at(-1)!.send(status({ version: 2 }));
  await one.count("status", 2);
  assert.deepEqual(one.versions, [1, 2]);
});

test("Node.js that was stopped looks at its sockets before its timers", { timeout: 60_000 }, async () => {
  const immediate: (() => void)[] = [];
  Object.assign(tab, {
    setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => immediate.push(() => run(...args)),
  });
  const pass = (ms: number) => {
    tab.clock.advance(ms);
    for (const run of immediate.splice(0)) run();
  };
  const one = follow();
  await one.count("status", 1);
  const [socket] = server.open;
  socket!.removeAllListeners("message");
  const pinged = new Promise((done) => socket!.once("message", done));
  for (let second = 0; second < 20; second++) pass(1_000);
  await pinged;
  tab.clock.skip(11_000);
  tab.clock.advance(1);
  // The pong is read after the timer has fired, and before the immediate.
  socket!.send('{"type":"pong"}');
  await breath(50);
  for (const run of immediate.splice(0)) run();
  assert.equal(one.watch.connection, "live");
  assert.equal(server.upgrades.length, 1);
});

test("an error of the socket with no close after it ends the attempt", { timeout: 60_000 }, async () => {
  let dialled = 0;
  Object.assign(tab, {
    WebSocket: class extends EventTarget {
      set onerror(listener: () => void) {
        dialled++;
        queueMicrotask(listener);
      }
      close() {}
    },
  });
  const one = follow();
  await one.count("problem", 1);
  tab.clock.advance(500);
  await breath();
  assert.equal(dialled, 2);
});

test("options that cannot be right are refused at once", () => {
  for (const options of [{ url: undefined }, { signature: "no ✓ text" }, { signature: "a b" }, { transferId: ".." }]) {
    assert.throws(() => follow(options), TypeError, JSON.stringify(options));
  }
});
