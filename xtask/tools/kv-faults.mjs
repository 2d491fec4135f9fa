// KV as it is on a bad day, for instruments.mjs: the local stand-in is instant, consistent and always there, so that
// nothing said of the archive could be proved on it.
//
// get, put, delete   "ok", "fail" (500), "hang" (never answers), and for put and delete "lose" (acknowledged, and gone)
// getMs, putMs       how long it takes; a write lands after that, also when nobody waits for it any more
// stale              what was read of a key, a miss too, is what is read of it for 60 s
// busy               a second write of a key within a second is refused with 429
const STALE_MS = 60_000;
const WRITE_MS = 1_000;

/** KV on a good day. */
export const wellKv = () => ({
  get: "ok",
  put: "ok",
  delete: "ok",
  getMs: 0,
  putMs: 0,
  stale: false,
  busy: false,
});

const remembered = new Map();
const writtenAt = new Map();

async function outcome(mode, ms, operation) {
  if (ms) await scheduler.wait(ms);
  if (mode === "fail") throw new Error(`KV ${operation} failed: 500 Internal Server Error`);
  if (mode === "hang") await new Promise(() => {});
}

function refuseWhenBusy(key, operation) {
  const now = Date.now();
  if (now - (writtenAt.get(key) ?? Number.NEGATIVE_INFINITY) < WRITE_MS) {
    throw new Error(`KV ${operation} failed: 429 Too Many Requests`);
  }
  writtenAt.set(key, now);
}

/** `kv` with these faults, which may change at any time. What has outlived its time, by the clock as it is seen, is gone. */
export function faultyKv(kv, faults) {
  return {
    async get(key) {
      await outcome(faults.get, faults.getMs, "GET");
      const old = remembered.get(key);
      if (faults.stale && old && Date.now() < old.until) return old.text;
      const { value, metadata } = await kv.getWithMetadata(key);
      const text = metadata?.endsAt <= Date.now() ? null : value;
      remembered.set(key, { text, until: Date.now() + STALE_MS });
      return text;
    },
    async put(key, value, { expirationTtl, metadata }) {
      if (faults.busy) refuseWhenBusy(key, "PUT");
      const mode = faults.put;
      await outcome(mode, faults.putMs, "PUT");
      if (mode === "lose") return;
      const endsAt = Date.now() + 1_000 * expirationTtl;
      await kv.put(key, value, { expirationTtl, metadata: { ...metadata, endsAt } });
    },
    async delete(key) {
      if (faults.busy) refuseWhenBusy(key, "DELETE");
      const mode = faults.delete;
      await outcome(mode, faults.putMs, "DELETE");
      if (mode !== "lose") await kv.delete(key);
    },
  };
}

/** What is kept beside each transfer. */
export async function listed(kv) {
  const all = {};
  let page;
  do {
    page = await kv.list({ prefix: "t/", cursor: page?.cursor });
    for (const { name, metadata } of page.keys) if (metadata.endsAt > Date.now()) all[name] = metadata;
  } while (!page.list_complete);
  return all;
}
