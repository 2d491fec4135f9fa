/** The one error of the package: why a watch ended without a final status, and what to do. */

/**
 * | code | what happened | what to do |
 * |---|---|---|
 * | `closed` | you closed the watch, or the server did without a final status | nothing |
 * | `no_signature` | `getSignature` gave none | create a new transfer request |
 * | `bad_request` | the server does not understand this client | update the package, check `url` |
 * | `unauthorized` | the signature is wrong, or for another transfer | create a new transfer request |
 * | `forbidden` | the page's origin may not connect | add it to `ALLOWED_ORIGINS` on the server |
 * | `expired` | the signature has expired | pass `getSignature`, or create a new transfer request |
 * | `too_large` | a message was over the server's limit | update the package |
 * | `failed` | the package could not start: see the message | check the page's policy and the network, reload |
 */
export type ErrorCode =
  | "closed"
  | "no_signature"
  | "bad_request"
  | "unauthorized"
  | "forbidden"
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

// By the driver's and the session's number for the end, and by the close code of the socket.
const codes: Record<number, ErrorCode> = {
  2: "no_signature",
  3: "failed",
  4400: "bad_request",
  4401: "unauthorized",
  4403: "forbidden",
  4410: "expired",
  4413: "too_large",
};

/** The error for an end. The server says what to do before it closes; the fallback is for where nothing came. */
export const endError = (end: number, said?: string): TransferStatusError => {
  const code = codes[end] ?? "closed";
  const message = (end > 2 && said) || code + (end > 1 ? ": create a new transfer request" : " before a final status");
  return new TransferStatusError(code, message, end > 3 ? end : undefined);
};
