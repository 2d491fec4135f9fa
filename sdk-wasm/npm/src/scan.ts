/** Tells those who show a code that it is being looked at: `POST /scan` of PROTOCOL.md, section 6. */
import { isPrivateHost } from "./host.ts";
import { TransferStatusError, type ErrorCode } from "./index.ts";

/** Which transfer was scanned, where, and the right to say so. */
export interface ScanTarget {
  /** The service's address, as for `watchTransfer`. */
  url: string | URL;
  transferId: string;
  signature: string;
  /** Allow `http://` beyond this machine and private networks, where everybody on the way reads the signature. */
  allowPlainText?: boolean;
}

/** How long an answer may take, in milliseconds. */
const TIMEOUT = 10_000;

const codes: readonly string[] = ["bad_request", "unauthorized", "expired", "forbidden", "too_large"];

const scanUrl = (url: string | URL, allowPlainText = false): string => {
  const text = String(url);
  if (!/^(https?|wss?):\/\//i.test(text) && !(text.startsWith("/") && globalThis.location)) {
    throw new TypeError("url is no address; pass one such as https://status.example.com");
  }
  const { href, protocol, hostname, search, hash, username } = new URL(text, globalThis.location?.href);
  if (search || hash || username) {
    throw new TypeError("url has a query, a fragment or a user in it; pass the address alone");
  }
  if (/^(http|ws):$/.test(protocol) && !allowPlainText && !isPrivateHost(hostname)) {
    throw new TypeError("url: use https; http is for this machine and private networks, or needs allowPlainText");
  }
  return href.replace(/^ws/, "http").replace(/\/*$/, "/scan");
};

/** What the service's refusal says; another's page with the same status says nothing. */
const refusal = (status: number, text: string): TransferStatusError => {
  try {
    const { type, code, message } = JSON.parse(text) as { type?: unknown; code?: unknown; message?: unknown };
    if (type == "error" && typeof message == "string") {
      return new TransferStatusError((codes.includes(String(code)) ? code : "failed") as ErrorCode, message);
    }
  } catch {
    // No JSON, so it is not from the service.
  }
  return new TransferStatusError("failed", `the service answered with ${status} instead of taking the scan; try again`);
};

/**
 * Tells the watchers of a transfer that its code was scanned, or with `false` that the phone was put away. Nothing is
 * stored: who watches later does not hear of it. A page that is being left still sends it.
 *
 * @throws TypeError when the address cannot be right.
 * @throws TransferStatusError when the service refuses, with its code, or cannot be reached: `failed`, with the `cause`.
 * A payment does not hang on it, so that one may go on without.
 * @example
 * await reportScan({ url, ...parseQr(location.href) }, true);
 * addEventListener("pagehide", () => void reportScan(target, false).catch(() => {}));
 */
export const reportScan = async (
  { url, transferId, signature, allowPlainText }: ScanTarget,
  scanned: boolean,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> => {
  const address = scanUrl(url, allowPlainText);
  signal?.throwIfAborted();
  const ending = new AbortController();
  const abort = () => ending.abort(signal?.reason);
  signal?.addEventListener("abort", abort);
  const late = setTimeout(() => ending.abort(new Error(`no answer within ${TIMEOUT / 1000} s`)), TIMEOUT);
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { authorization: `Bearer ${signature}`, "content-type": "application/json" },
      body: JSON.stringify({ transferId, scanned }),
      keepalive: true,
      cache: "no-store",
      credentials: "omit",
      signal: ending.signal,
    });
    const text = await response.text();
    if (!response.ok) throw refusal(response.status, text);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof TransferStatusError) throw cause;
    const error = new TransferStatusError("failed", "the service could not be reached; check url and the network");
    throw Object.assign(error, { cause });
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", abort);
  }
};
