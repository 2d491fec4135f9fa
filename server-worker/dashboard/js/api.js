// The server's HTTP calls that the dashboard makes, and their failures as one kind of error.
import { parse } from "./json.js";

const TIMEOUT_MS = 10_000;

/** Why a call failed: the server's own code and message, or `network` when there was no answer. */
export class ApiError extends Error {
  constructor(code, message, { status = 0, retryAfterMs = null } = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Exchanges the admin token for a session cookie. */
export function signIn(token) {
  return call("POST", "/dashboard/session", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
}

/** Ends the session. */
export function signOut() {
  return call("DELETE", "/dashboard/session");
}

/** `{shards, byStatus, perMinute}` */
export function stats() {
  return call("GET", "/dashboard/stats");
}

/** `{transfers, next}`, newest first. `filter` has `status` and `merchantId`, empty for any. */
export function recent(filter, { limit, before = null }) {
  const query = new URLSearchParams({ limit });
  if (before !== null) query.set("before", before);
  if (filter.status) query.set("status", filter.status);
  if (filter.merchantId) query.set("merchantId", filter.merchantId);
  return call("GET", `/recent?${query}`);
}

/** `{transfer, timeline, watchers}` */
export function timeline(id) {
  return call("GET", `/transfer/${encodeURIComponent(id)}/timeline`);
}

/** Where the feed of one shard is. */
export function feedUrl(shard) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/dashboard/feed?shard=${shard}`;
}

async function call(method, path, options = {}) {
  let response;
  let text;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(path, { method, cache: "no-store", redirect: "error", signal, ...options });
    text = await response.text();
  } catch {
    throw new ApiError("network", "the server cannot be reached");
  }
  if (!response.ok) throw refusal(response, text);
  if (text === "") return null;
  try {
    return parse(text);
  } catch {
    throw new ApiError("network", "the answer was cut off on its way");
  }
}

function refusal(response, text) {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  const about = { status: response.status, retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null };
  try {
    const body = parse(text);
    if (typeof body.message === "string") return new ApiError(String(body.code), body.message, about);
  } catch {
    // Not one of the server's own: a proxy in between answered.
  }
  return new ApiError("internal", `the server answered ${response.status}`, about);
}
