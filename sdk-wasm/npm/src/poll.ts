/** One poll: `GET /transfer/{id}`, and what its answer means (PROTOCOL.md, section 9). */
import { CAUSE_MALFORMED, CAUSE_NOT_THE_SERVICE, CAUSE_REDIRECT, CAUSE_TIMEOUT, CAUSE_UNREACHABLE } from "./core.ts";
import { MOST_BYTES, STATUS, checkTransfer } from "./decode.ts";
import type { Host } from "./link.ts";
import type { Transfer } from "./types.ts";

/**
 * What a poll came to: a transfer with its `updatedAt` in milliseconds, or why there is none.
 *
 * `code` is a cause, an HTTP status, or the close code that says the same as a refusal by the service itself; `text` what
 * the service says to a refusal, or the field that cannot be read; `retryAfter` what `Retry-After` asks for in
 * milliseconds, at most 1e9, negative or NaN where it asks for nothing.
 */
export type Answer =
  | [code: typeof STATUS, transfer: Transfer, updatedAt: number]
  | [code: number, text: string | undefined, retryAfter: number];

/** A refusal counts with the status that goes with it only: a proxy may quote one, or refuse for reasons of its own. */
const refusals: Record<string, number> = { "401unauthorized": 4401, "401expired": 4410, "403forbidden": 4403 };

/** The body, if it is no longer than any of the service's. */
const read = async ({ body }: Response): Promise<ArrayBuffer | undefined> => {
  const reader = body!.getReader();
  const parts: BlobPart[] = [];
  let size = 0;
  for (let part: Uint8Array<ArrayBuffer> | undefined; (part = (await reader.read()).value); parts.push(part)) {
    if ((size += part.length) > MOST_BYTES) return;
  }
  return new Blob(parts).arrayBuffer();
};

/** How long an answer may take. */
const TIMEOUT_MS = 10_000;

/** Asks once, until `own` is aborted. Never rejects. */
export const ask = async (
  host: Host,
  url: string,
  headers: Record<string, string>,
  own: AbortController,
  id: string,
): Promise<Answer> => {
  const timer = host.setTimeout(() => own.abort(), TIMEOUT_MS);
  let code = CAUSE_UNREACHABLE as number;
  let retryAfter = NaN;
  let text: string | undefined;
  try {
    // A redirect is told, not followed: the signature goes nowhere else.
    const { signal } = own;
    const response = await host.fetch(url, { cache: "no-store", redirect: "manual", headers, signal });
    const { ok, status } = response;
    const after = response.headers.get("retry-after") as string;
    retryAfter = Math.min(+after * 1e3 || Date.parse(after) - host.Date.now(), 1e9);
    // A browser shows no status of a redirect.
    if (!ok) code = status || CAUSE_REDIRECT;
    const bytes = await read(response);
    if (ok) code = CAUSE_NOT_THE_SERVICE;
    const body = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    if (status == 200) {
      code = CAUSE_MALFORMED;
      return [STATUS, body, checkTransfer(body, id)];
    }
    const refusal = body.type == "error" && refusals[status + body.code];
    if (refusal) {
      code = refusal;
      text = body.message;
    }
  } catch (error) {
    text = (error as Error).message;
    if (own.signal.aborted) code = CAUSE_TIMEOUT;
  } finally {
    // Nothing more is read of a body that is too long.
    own.abort();
    host.clearTimeout(timer);
  }
  return [code, text, retryAfter];
};
