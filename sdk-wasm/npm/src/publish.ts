/** A backend's signed updates, sent until they are answered: PROTOCOL.md, sections 2, 4 and 6. */
import { readAddress } from "./address.ts";
import { asSecret, join, mac, type Bytes, type Secret } from "./secret.ts";
import type { Transfer } from "./types.ts";

/** What happened to a payment. A field that is left out keeps its value, `null` removes it. */
export interface Update {
  transferId: string;
  status: "pending" | "processing" | "completed" | "failed" | "cancelled";
  /** A text for people, up to 1,024 characters. */
  message?: string | null;
  amount?: number | null;
  merchantId?: string | null;
  customerId?: string | null;
  /** Up to 8 KiB of JSON. */
  metadata?: { readonly [key: string]: unknown } | null;
  /** Change nothing unless this is the stored version, 0 for a transfer that nobody has reported yet. */
  ifVersion?: number;
}

/** Where an update goes, and how long it is tried. */
export interface PublishOptions {
  /** The service's address. */
  url: string | URL;
  /** The service's `HMAC_SECRET`. */
  secret: Secret | string;
  /** How many attempts at most; 6 when left out. */
  attempts?: number;
  /** How long all of it may take, in milliseconds; 45,000 when left out. */
  deadline?: number;
  /** Ends it when aborted; an attempt under way may still arrive. */
  signal?: AbortSignal;
  /** Allow `http://` beyond this machine and private networks. */
  allowPlainText?: boolean;
}

/** The update was not stored, as far as is known. The message says what to do. */
export class PublishError extends Error {
  /**
   * The service's code (`conflict`, `unauthorized`, `bad_request`, `too_large`, `rate_limited`, `internal`,
   * `unavailable`, …), or `timeout`, `network` or `unexpected` where it said none.
   */
  declare readonly code: string;
  /** Whether the same update may be taken later. */
  declare readonly isRetryable: boolean;
  /** The HTTP status, where there was an answer. */
  declare readonly status: number | undefined;
  /** The transfer as it is stored, beside a `conflict`. */
  declare readonly transfer: Transfer | undefined;
  /** How long the service asks to wait, in milliseconds. */
  declare readonly retryAfter: number | undefined;

  constructor(code: string, message: string, isRetryable: boolean, facts: object = {}) {
    super(message);
    this.name = "PublishError";
    Object.assign(this, facts, { code, isRetryable });
  }
}

/** The longest that one attempt may take, and the shortest time that one is worth making. */
const ATTEMPT_MS = 10_000;
const USEFUL_MS = 1_000;
const BACKOFF_MS = 250;
const BACKOFF_CAP_MS = 10_000;

/** Refusals that stay whatever the HTTP status; others of the service pass. */
const lasting =
  /^(conflict|unauthorized|expired|forbidden|bad_request|too_large|not_found|method_not_allowed|upgrade_required)$/;
const passing = /^(rate_limited|internal|unavailable)$/;

/**
 * Signs what a backend posts: `hex(HMAC-SHA256(secret, body))`, with a timestamp of Unix seconds the MAC of
 * `<timestamp>.<body>`. Pass the very bytes that go out.
 *
 * @example
 * const timestamp = Math.floor(Date.now() / 1000);
 * headers = { "X-Timestamp": `${timestamp}`, "X-Signature": await sign(secret, body, timestamp) };
 */
export const sign = async (secret: Secret | string, body: Bytes, timestamp?: number): Promise<string> => {
  const bytes = await mac(asSecret(secret), await join(timestamp === undefined ? "" : `${timestamp}.`, body));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** Reads an answer: the transfer, or the error that it is. */
const read = (id: string, { status, headers }: Response, text: string, now: number): Transfer | PublishError => {
  let body: { id?: unknown; status?: unknown; type?: unknown; code?: unknown; message?: unknown; transfer?: Transfer } =
    {};
  try {
    body = JSON.parse(text) ?? body;
  } catch {
    // As what somebody else answered.
  }
  if (status == 200 && body.id === id && typeof body.status == "string") return body as Transfer;
  let { code, message, transfer } = body;
  if (body.type != "error" || typeof code != "string" || typeof message != "string") {
    code = "unexpected";
    message = `the answer (HTTP ${status}) is not the service's own; check url and what is in between`;
  }
  const wait = headers.get("retry-after")!;
  const retryAfter = Math.max(0, /^\d+$/.test(wait) ? +wait * 1000 : Date.parse(wait) - now);
  return new PublishError(
    code as string,
    message as string,
    passing.test(code as string) ||
      // A body that broke off on its way is as transient as a broken connection.
      /^the body did not arrive whole/.test(message as string) ||
      (!lasting.test(code as string) && /^(408|42[59]|5(?!01|05|11)..)$/.test(`${status}`)),
    {
      status,
      ...(transfer?.id === id && { transfer }),
      ...(retryAfter >= 0 && { retryAfter }),
    },
  );
};

/** What of the global object is used; a test passes its own. */
export type PublishHost = Pick<typeof globalThis, "fetch" | "setTimeout" | "clearTimeout" | "Date" | "Math">;

/** {@link publish} with another clock, network and random source. */
export const publishOn = async (host: PublishHost, options: PublishOptions, update: Update): Promise<Transfer> => {
  const { attempts = 6, deadline = 45_000, signal } = options;
  const url = readAddress(options.url, options.allowPlainText).replace(/^ws/, "http") + "update";
  const secret = asSecret(options.secret);
  const body = JSON.stringify(update);
  const begun = host.Date.now();
  const left = () => begun + deadline - host.Date.now();

  const attempt = async (): Promise<Transfer | PublishError> => {
    const stop = new AbortController();
    const timer = host.setTimeout(() => stop.abort(), Math.min(ATTEMPT_MS, left()));
    try {
      const timestamp = Math.floor(host.Date.now() / 1000);
      const response = await host.fetch(url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-Timestamp": `${timestamp}`,
          "X-Signature": await sign(secret, body, timestamp),
        },
        body,
        // What carries a signature is sent to no other address.
        redirect: "manual",
        signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
      });
      return read(update.transferId, response, await response.text(), host.Date.now());
    } catch (cause) {
      signal?.throwIfAborted();
      if (stop.signal.aborted) return new PublishError("timeout", "the service did not answer in time", true);
      // A wrong certificate does not mend itself.
      const isRetryable = !/CERT|UNABLE_TO_/.test((cause as { cause?: { code?: string } }).cause?.code ?? "");
      return new PublishError("network", "the service cannot be reached; check url and the network", isRetryable, {
        cause,
      });
    } finally {
      host.clearTimeout(timer);
    }
  };

  for (let number = 1; ; number++) {
    signal?.throwIfAborted();
    const answer = await attempt();
    if (!(answer instanceof PublishError)) return answer;
    const backoff = Math.min(BACKOFF_MS * 2 ** (number - 1), BACKOFF_CAP_MS);
    const pause = (answer.retryAfter ?? 0) + host.Math.random() * backoff;
    if (!answer.isRetryable || number >= attempts || left() < pause + USEFUL_MS) throw answer;
    await new Promise<void>((resolve) => {
      const wake = () => {
        host.clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = host.setTimeout(wake, pause);
      signal?.addEventListener("abort", wake);
    });
  }
};

/**
 * Sends an update and gives the transfer as it is stored.
 *
 * Each attempt signs the same bytes with a fresh timestamp. Tried again, with full jitter and never sooner than
 * `Retry-After` says: no connection, no answer in time, the service's codes `rate_limited`, `internal` and
 * `unavailable`, and, where no code of the service is there to go by, the statuses 408, 425, 429 and 5xx but 501, 505
 * and 511. An update that changes nothing is answered like the first one, so that a retry is safe; two writers of one
 * status overwrite each other unless they name the version that they build on, `ifVersion`. What must arrive belongs
 * into your own database first: publish from an outbox there.
 *
 * @throws PublishError when it was refused, or the attempts are used up. Its `transfer` is the one that is stored where
 * they are in conflict.
 * @throws TypeError when the address cannot be right or the secret is missing.
 * @example
 * const { version } = await publish({ url, secret }, { transferId: "order-1042", status: "completed", amount: 12.1 });
 */
export const publish = (options: PublishOptions, update: Update): Promise<Transfer> =>
  publishOn(globalThis, options, update);
