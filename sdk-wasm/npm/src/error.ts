/** The one error of the package: why a watch ended without a final status, and what to do. */

import { END_NO_SIGNATURE, END_USER } from "./core.ts";

/**
 * | code | what happened | what to do |
 * |---|---|---|
 * | `closed` | you closed the watch, or the server did without a final status | nothing |
 * | `no_signature` | `getSignature` gave none | create a new transfer request |
 * | `bad_request` | the server does not understand this client | update the package, check `url` |
 * | `unauthorized` | the signature is wrong, or for another transfer | create a new transfer request |
 * | `forbidden` | the page's origin may not connect | add it to `ALLOWED_ORIGINS` on the server |
 * | `not_found` | the transfer was deleted | create a new transfer request |
 * | `expired` | the signature has expired | pass `getSignature`, or create a new transfer request |
 * | `too_large` | a message was over the server's limit | update the package |
 * | `failed` | the options are no good: see the message | correct them |
 */
export type ErrorCode =
  | "closed"
  | "no_signature"
  | "bad_request"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "expired"
  | "too_large"
  | "failed";

/** The watch ended without a final status. The message says what to do. */
export class TransferStatusError extends Error {
  /** What to branch on. */
  declare readonly code: ErrorCode;
  /** The close code of the socket, when the server closed it. */
  declare readonly closeCode: number | undefined;

  constructor(code: ErrorCode, message: string, closeCode?: number) {
    super(message);
    this.name = "TransferStatusError";
    this.code = code;
    this.closeCode = closeCode;
  }
}

// By the session's number for the end, or the close code of the socket.
const codes: Record<number, ErrorCode> = {
  [END_NO_SIGNATURE]: "no_signature",
  4400: "bad_request",
  4401: "unauthorized",
  4403: "forbidden",
  4404: "not_found",
  4410: "expired",
  4413: "too_large",
};

/** The error for an end. The server says what to do before it closes; the fallback is for where nothing came. */
export const endError = (end: number, said?: string): TransferStatusError => {
  const code = codes[end] ?? "closed";
  const isServer = end > END_NO_SIGNATURE;
  const fallback = code + (end > END_USER ? ": create a new transfer request" : " before a final status");
  return new TransferStatusError(code, (isServer && said) || fallback, isServer ? end : undefined);
};
