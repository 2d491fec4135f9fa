/** How a watch ends, and what its user sees of it: promise, iterator, listeners, signals. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { breath } from "./support/host.ts";
import { status, transfer } from "./support/server.ts";
import { follow, server } from "./support/stage.ts";

test("close() ends quietly: the iterator returns, finished rejects, nothing is unhandled", {
  timeout: 60_000,
}, async () => {
  const one = follow();
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { version } of one.watch) seen.push(version);
  })();
  await one.count("status", 1);
  one.watch.close();
  one.watch.close();
  await reading;
  assert.deepEqual(seen, [1]);
  assert.deepEqual(one.all("error"), []);
  assert.equal(one.all("closed").length, 1);
  await assert.rejects(one.watch.finished, { code: "closed" });
  await server.until(() => server.open.length == 0);
});

test("closing before the session is loaded dials nothing", { timeout: 60_000 }, async () => {
  const one = follow();
  one.watch.close();
  await assert.rejects(one.watch.finished, { code: "closed" });
  await breath(20);
  assert.equal(server.upgrades.length, 0);
});

test("an abort signal closes with its reason, before and after the start", { timeout: 60_000 }, async () => {
  const abort = new AbortController();
  const one = follow({ signal: abort.signal });
  await one.count("status", 1);
  abort.abort(new Error("left the page"));
  await assert.rejects(one.watch.finished, /left the page/);

  const late = follow({ signal: AbortSignal.abort(new Error("never came")) });
  await late.count("closed", 1);
  await assert.rejects(late.watch.finished, /never came/);
  assert.equal(server.upgrades.length, 1);
});

test("an iterator gives the newest first, skips for a slow reader, and never the final one", {
  timeout: 60_000,
}, async () => {
  const one = follow();
  await one.count("status", 1);
  const reader = one.watch[Symbol.asyncIterator]();
  assert.equal((await reader.next()).value!.version, 1);
  for (const version of [2, 3]) server.send(status({ status: "processing", version }));
  server.send(status({ status: "failed", version: 4 }));
  await one.count("closed", 1);
  assert.equal((await reader.next()).value!.version, 4);
  assert.equal((await reader.next()).done, true);
  const late: unknown[] = [];
  for await (const { status } of one.watch) late.push(status);
  assert.deepEqual(late, ["failed"]);
});

test("a listener is taken off by what on() returned", { timeout: 60_000 }, async () => {
  const one = follow();
  const seen: unknown[] = [];
  const listener = ({ version }: { version?: number | null }) => void seen.push(version);
  const off = one.watch.on("status", listener);
  one.watch.on("status", listener);
  await one.count("status", 1);
  off();
  server.send(status({ version: 2 }));
  await one.count("status", 2);
  assert.deepEqual(seen, [1, 1, 2]);
});

test("a listener may close the watch", { timeout: 60_000 }, async () => {
  const one = follow();
  one.watch.on("status", () => one.watch.close());
  await one.count("closed", 1);
  assert.equal(one.all("status").length, 1);
});

test("a status of a name from the future and a close with 1000 are the end", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => {
    socket.send(status({ status: "refunded" }));
    socket.close(1000);
  };
  server.onGet = (_, response) => response.end(JSON.stringify(transfer({ status: "refunded" })));
  assert.equal((await follow().watch.finished).status, "refunded");
});

test("the iterator throws an abort's reason", { timeout: 60_000 }, async () => {
  const abort = new AbortController();
  const one = follow({ signal: abort.signal });
  await one.count("status", 1);
  const read = (async () => {
    for await (const _ of one.watch) abort.abort(new Error("left the page"));
  })();
  await assert.rejects(read, /left the page/);
});

test("leaving the loop closes the watch, also while it waits for news", { timeout: 60_000 }, async () => {
  const one = follow();
  for await (const _ of one.watch) break;
  await assert.rejects(one.watch.finished, { code: "closed" });
  await server.until(() => server.open.length == 0);

  const two = follow();
  const reader = two.watch[Symbol.asyncIterator]();
  await reader.next();
  const pending = reader.next();
  assert.deepEqual(await reader.return!(), { value: undefined, done: true });
  assert.deepEqual(await pending, { value: undefined, done: true });
  await two.count("closed", 1);
});

test("an iterator that has thrown is done", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.close(4403);
  const reader = follow().watch[Symbol.asyncIterator]();
  await assert.rejects(reader.next(), { code: "forbidden" });
  assert.equal((await reader.next()).done, true);
});

test("a watch is closed by whoever disposes of it", { timeout: 60_000 }, async () => {
  const [one, two] = [follow(), follow()];
  one.watch[Symbol.dispose]();
  await two.watch[Symbol.asyncDispose]();
  for (const { watch } of [one, two]) await assert.rejects(watch.finished, { code: "closed" });
});
