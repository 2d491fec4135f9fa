/** What a shop tests its page with: the scripted watch, and the fake service under the real client. */
import { strict as assert } from "node:assert";
import { test } from "node:test";

import type { Transfer, WatchEvents } from "../../src/types.ts";

const load = (name: string) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
const { fakeService, scriptedWatch } = (await load("testing")) as typeof import("../../src/testing.ts");
const { watchTransfer } = (await load("index")) as typeof import("../../src/index.ts");
const { createStore } = (await load("store")) as typeof import("../../src/store.ts");

test("a scripted watch tells listeners at once, and the loop and `finished` what they are due", async () => {
  const payment = scriptedWatch();
  const heard: unknown[] = [];
  const names: (keyof WatchEvents)[] = ["status", "connection", "problem", "scan", "error", "closed"];
  for (const name of names) {
    payment.watch.on(name, (value) =>
      heard.push([name, (value as Transfer | null)?.status ?? (value as { kind?: string })?.kind ?? value]),
    );
  }
  const looped: string[] = [];
  const loop = (async () => {
    for await (const { status, version } of payment.watch) looped.push(`${status} ${version}`);
  })();
  payment.problem({ kind: "timeout" });
  payment.status("pending");
  assert.deepEqual(heard, [
    ["problem", "timeout"],
    ["problem", null],
    ["connection", "live"],
    ["status", "pending"],
  ]);
  await new Promise(setImmediate);
  payment.status("completed", { amount: 12.1 });
  assert.deepEqual(heard.slice(4), [
    ["status", "completed"],
    ["connection", "closed"],
    ["closed", null],
  ]);
  assert.equal((await payment.watch.finished).amount, 12.1);
  await loop;
  assert.deepEqual(looped, ["pending 0", "completed 1"]);
  assert.throws(() => payment.status("failed"), /nothing follows/);
});

test("a scripted watch can fail, and stands under a store as the real one does", async () => {
  const payment = scriptedWatch("order-7");
  const store = createStore(() => payment.watch, { url: "/", transferId: "order-7", signature: "s" });
  store.subscribe(() => {});
  payment.status("processing");
  assert.equal(store.get().transfer?.id, "order-7");
  payment.fail("expired");
  assert.equal(store.get().error?.code, "expired");
  await assert.rejects(payment.watch.finished, { name: "TransferStatusError", code: "expired" });
});

test("the real client follows a payment on the fake service, through a loss, to its end", {
  timeout: 20_000,
}, async () => {
  const before = [globalThis.WebSocket, globalThis.fetch];
  const service = fakeService();
  try {
    const watch = watchTransfer({ url: service.url, transferId: "order-1", signature: "any" });
    const seen: string[] = [];
    const saw = (status: string) =>
      new Promise<void>((resolve) => watch.on("status", (transfer) => transfer.status == status && resolve()));
    watch.on("status", ({ status, version }) => seen.push(`${status} ${version}`));
    const scanned = new Promise((resolve) => watch.on("scan", resolve));
    await saw("pending");
    assert.equal(service.watchers("order-1"), 1);
    service.scan("order-1");
    assert.equal(((await scanned) as { scanned: boolean }).scanned, true);
    service.update("order-1", "processing", { amount: 12.1 });
    service.drop("order-1");
    service.update("order-1", "completed");
    const { status, amount, version } = await watch.finished;
    assert.deepEqual([status, amount, version], ["completed", 12.1, 2]);
    assert.deepEqual(seen, ["pending 0", "processing 1", "completed 2"]);
    assert.throws(() => service.update("order-1", "failed"), /nothing can follow/);
  } finally {
    service.restore();
  }
  assert.deepEqual([globalThis.WebSocket, globalThis.fetch], before);
});

test("a refusal ends the real client, and a service out of reach is a problem", { timeout: 20_000 }, async () => {
  const service = fakeService("https://status.example");
  try {
    service.reachable(false);
    const watch = watchTransfer({ url: service.url, transferId: "order-2", signature: "any" });
    const problem = await new Promise<{ kind: string } | null>((resolve) => watch.on("problem", resolve));
    assert.ok(problem);
    const live = new Promise<void>((resolve) => watch.on("status", () => resolve()));
    service.reachable(true);
    await live;
    assert.equal(watch.problem, null);
    const until = async () => {
      while (!service.watchers("order-2")) await new Promise(setImmediate);
    };
    await until();
    service.drop("order-2", 4401);
    await assert.rejects(watch.finished, { code: "unauthorized" });
  } finally {
    service.restore();
  }
});
