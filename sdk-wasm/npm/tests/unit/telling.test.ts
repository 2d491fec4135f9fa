/** What a watch tells beside the status: notices, problems, the console, the log. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Watching, compile } from "./support/host.ts";
import { signature, status } from "./support/server.ts";
import { follow, server, tab, untilAsked, watching } from "./support/stage.ts";

test("what the server says beside the status comes as a notice", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  server.send('{"type":"error","code":"unavailable","message":"try again later"}');
  await one.count("notice", 1);
  assert.equal(one.all("notice")[0]!.message, "try again later");
  assert.equal(one.watch.connection, "live");
});

test("a frame that cannot be read is told with its field, and is gone with a status", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, _, attempt) => socket.send(status(attempt == 1 ? { updatedAt: "2024-01-15 10:30" } : {}));
  const one = follow();
  await one.count("problem", 1);
  const { kind, field } = one.watch.problem!;
  assert.deepEqual([kind, field], ["malformed", "updatedAt"]);
  await untilAsked(2);
  await one.count("problem", 2);
  assert.equal(one.watch.problem, null);
});

test("without a listener the console is told, once for each kind, and of the end", {
  timeout: 60_000,
}, async (context) => {
  const { mock } = context.mock.method(console, "warn", () => {});
  server.onSocket = (socket, _, attempt) => {
    socket.close(attempt < 3 ? 1013 : 4401);
  };
  const { watch } = await import("../../src/watch.ts");
  const options = { url: server.url, transferId: "transfer-123", signature };
  const silent = watch(compile, options, tab as unknown as typeof globalThis);
  const rejected = assert.rejects(silent.finished, { code: "unauthorized" });
  await untilAsked(3);
  await rejected;
  assert.deepEqual(
    mock.calls.map(({ arguments: [, what] }) => what?.code ?? what),
    ["closed", "unauthorized"],
  );

  mock.resetCalls();
  await assert.rejects(follow().watch.finished);
  assert.equal(mock.callCount(), 0, "who listens is told by events");
});

test("the log gets every event in order, and no signature", { timeout: 60_000 }, async () => {
  const lines: unknown[][] = [];
  const one = follow({ log: (...line: unknown[]) => void lines.push(line) });
  await one.count("status", 1);
  one.watch.close();
  assert.deepEqual(
    lines.map(([event]) => event),
    ["connection", "status", "connection", "connection", "closed"],
  );
  assert.deepEqual(lines[2], [
    "connection",
    "live",
    { attempt: 1, closeCode: undefined, isShared: false, problem: null },
  ]);
  assert.ok(!JSON.stringify(lines).includes(signature));
});

test("a change of the connection says how it came about and when the next attempt is", {
  timeout: 60_000,
}, async () => {
  server.onSocket = (socket, _, attempt) => {
    if (attempt > 2) socket.send(status());
    else socket.close(1013);
  };
  const details: unknown[] = [];
  const one = follow();
  one.watch.on("connection", (connection, { attempt, closeCode, isShared }) =>
    details.push([connection, attempt, closeCode, isShared]),
  );
  await untilAsked(3);
  await one.count("status", 1);
  server.open[0]!.close(1012);
  await one.until(({ watch }) => watch.connection == "reconnecting");
  assert.deepEqual(details, [
    ["connecting", 1, undefined, false],
    ["live", 3, 1013, false],
    ["reconnecting", 0, 1012, false],
  ]);
});

test("what was said on one link explains no end on the next", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, _, attempt) => {
    if (attempt == 1) socket.send('{"type":"error","code":"rate_limited","message":"too many watchers"}');
    socket.close(attempt == 1 ? 1013 : 4401);
  };
  const one = follow();
  await untilAsked(2);
  await assert.rejects(one.watch.finished, { code: "unauthorized", message: /^unauthorized/ });
});

test("a session that cannot be fetched is told, and fetched again", { timeout: 60_000 }, async () => {
  const { watch } = await import("../../src/watch.ts");
  let offline = true;
  const one = new Watching(
    watch(
      () => (offline ? Promise.reject(new Error("refused by the page's policy")) : compile()),
      { url: server.url, transferId: "transfer-123", signature },
      tab as unknown as typeof globalThis,
    ),
  );
  watching.push(one);
  // In the sources there is no translated session to fall back to; dist.test.ts has it.
  await one.count("problem", 1);
  const { kind, cause, attempts } = one.watch.problem!;
  assert.deepEqual([kind, attempts], ["unreachable", 1]);
  assert.match(String(cause), /fallback/);
  tab.clock.advance(1_000);
  await one.count("problem", 2);
  assert.equal(one.watch.problem!.attempts, 2);
  offline = false;
  tab.clock.advance(2_000);
  await one.count("status", 1);
  assert.equal(one.watch.problem, null);
});
