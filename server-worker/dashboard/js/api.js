// The server's HTTP calls that the dashboard makes, and their failures as one kind of error.
import { serverQuery } from "./filters.js";
import { parse } from "./json.js";

const TIMEOUT_MS = 10_000;
// The archive may be slow, and nobody is to wonder whether something is gone.
const DELETE_TIMEOUT_MS = 40_000;

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

/** `{shards, byStatus, perMinute}`; `byStatus` counts what the filters admit, whatever its status. */
export function stats(filters) {
  return call("GET", `/dashboard/stats?${serverQuery({ ...filters, status: "" })}`);
}

/** `{transfers, next}`, newest first, of those that the filters admit. */
export function recent(filters, { limit, before = null }) {
  const query = serverQuery(filters);
  query.set("limit", limit);
  if (before !== null) query.set("before", before);
  return call("GET", `/recent?${query}`);
}

/** `{status, warnings}`, after each of the server's parts has answered. */
export function health() {
  return call("GET", "/healthz?deep=1");
}

/** Deletes a transfer for good, with the admin token: the session alone does not do it. */
export function deleteTransfer(id, token) {
  return call("DELETE", `/transfer/${encodeURIComponent(id)}`, {
    headers: { authorization: `Bearer ${token}` },
    timeout: DELETE_TIMEOUT_MS,
  });
}

/** `{transfer, timeline, watchers, failing}` */
export function timeline(id) {
  return call("GET", `/transfer/${encodeURIComponent(id)}/timeline`);
}

/** Where the feed of one shard is. */
export function feedUrl(shard) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/dashboard/feed?shard=${shard}`;
}

async function call(method, path, { timeout = TIMEOUT_MS, ...options } = {}) {
  let response;
  let text;
  try {
    const signal = AbortSignal.timeout(timeout);
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
