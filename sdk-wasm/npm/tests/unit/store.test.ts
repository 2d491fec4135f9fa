/** The store that the adapters stand on, on a watch that does as it is told. */
import { strict as assert } from "node:assert";
import { test } from "node:test";

import { createStore, isFinal, type TransferState } from "../../src/store.ts";
import type { Transfer, TransferWatch, WatchEvents, WatchOptions } from "../../src/types.ts";

const options = { url: "https://status.example", transferId: "t", signature: "s" };
const transfer = (status: string, version: number): Transfer => ({
  id: "t",
  status,
  version,
  updatedAt: "2024-01-15T10:30:00.000Z",
});

/** What was begun; each can be told what to say. */
const watches = () => {
  const begun: {
    options: WatchOptions;
    isClosed: boolean;
    say: <N extends keyof WatchEvents>(name: N, value: WatchEvents[N]) => void;
  }[] = [];
  const watchTransfer = (options: WatchOptions) => {
    if (!("transferId" in options)) throw new TypeError("pass transferId, or qr");
    const listeners: [string, (value: unknown) => void][] = [];
    const own = {
      options,
      isClosed: false,
      say: (name: string, value: unknown) => listeners.forEach(([heard, listener]) => heard == name && listener(value)),
    };
    begun.push(own);
    return {
      on(name: string, listener: (value: unknown) => void) {
        const entry: [string, (value: unknown) => void] = [name, listener];
        listeners.push(entry);
        return () => void listeners.splice(listeners.indexOf(entry), 1);
      },
      close: () => (own.isClosed = true),
    } as unknown as TransferWatch;
  };
  return { begun, watchTransfer };
};
const soon = () => new Promise((resolve) => setTimeout(resolve));

test("one watch for all who listen, from the first to the last", async () => {
  const { begun, watchTransfer } = watches();
  const store = createStore(watchTransfer, options);
  assert.equal(begun.length, 0, "nobody listens");
  const seen: (string | undefined)[] = [];
  const off = store.subscribe(({ transfer }) => seen.push(transfer?.status));
  const offAgain = store.subscribe(() => {});
  begun[0]!.say("status", transfer("pending", 0));
  begun[0]!.say("status", transfer("processing", 1));
  assert.deepEqual(seen, [undefined, "pending", "processing"], "a listener hears the state at once");
  assert.equal(store.get(), store.get());
  off();
  await soon();
  assert.equal(begun[0]!.isClosed, false);
  offAgain();
  await soon();
  assert.deepEqual([begun.length, begun[0]!.isClosed], [1, true]);
});

test("who is taken off and put back at once goes on with the same watch", async () => {
  const { begun, watchTransfer } = watches();
  const store = createStore(watchTransfer, options);
  store.subscribe(() => {})();
  store.subscribe(() => {});
  await soon();
  assert.deepEqual([begun.length, begun[0]!.isClosed], [1, false]);
});

test("options that cannot be watched are an error with a way on, and none are nothing", () => {
  const { begun, watchTransfer } = watches();
  let latest = { url: options.url } as unknown as WatchOptions;
  const store = createStore(watchTransfer, latest, () => latest);
  const states: TransferState[] = [];
  store.subscribe((state) => states.push(state));
  assert.deepEqual([store.get().error?.code, store.get().connection], ["failed", "closed"]);
  assert.match(store.get().error!.message, /pass transferId/);
  latest = options;
  store.get().retry();
  assert.deepEqual([begun.length, store.get().error, store.get().connection], [1, undefined, "connecting"]);
  const none = createStore(watchTransfer, null);
  none.subscribe(() => {});
  assert.equal(begun.length, 1);
});

test("after the final status nothing is watched again", async () => {
  const { begun, watchTransfer } = watches();
  const store = createStore(watchTransfer, options);
  const off = store.subscribe(() => {});
  begun[0]!.say("status", transfer("completed", 2));
  begun[0]!.say("closed", null);
  off();
  await soon();
  store.subscribe(() => {});
  store.get().retry();
  assert.equal(begun.length, 1);
  assert.equal(store.get().transfer?.status, "completed");
});

test("the three final statuses are final, and no other", () => {
  const names = ["pending", "processing", "completed", "failed", "cancelled", "refunded"];
  assert.deepEqual(
    names.filter((status) => isFinal(transfer(status, 1))),
    ["completed", "failed", "cancelled"],
  );
});
