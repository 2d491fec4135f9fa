/** What users of the package see: options, transfers, events. */
import type { TransferStatusError } from "./error.ts";

/** Where a transfer stands. The last three are final; a name from a newer server is passed on as it is. */
export type Status = "pending" | "processing" | "completed" | "failed" | "cancelled" | (string & {});

/** A transfer, as the server sent it: the very object that `JSON.parse` made. */
export interface Transfer {
  /** Its id. */
  readonly id: string;
  /** Where it stands. */
  readonly status: Status;
  /** A text for people. */
  readonly message?: string | null;
  /** The amount, as the shop's backend reported it. */
  readonly amount?: number | null;
  readonly merchantId?: string | null;
  readonly customerId?: string | null;
  /** RFC 3339, in UTC: `2024-01-15T10:30:00.000Z`. */
  readonly updatedAt: string;
  /** Whatever the shop's backend attached. */
  readonly metadata?: { readonly [key: string]: unknown } | null;
  /** Counts the changes from 1; 0 says that nothing was reported yet. An older service sends none. */
  readonly version?: number | null;
}

/** Somebody has scanned the QR code, or has put the phone away. */
export interface Scan {
  readonly transferId: string;
  readonly scanned: boolean;
  /** RFC 3339. */
  readonly at: string;
}

/** What the server says about the connection, as of a passing overload. The watch goes on. */
export interface Notice {
  /** Such as `unavailable`. */
  readonly code?: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/**
 * How news travels at the moment.
 *
 * - `connecting`: no status has come yet.
 * - `live`: the socket is open and has brought the status.
 * - `reconnecting`: the socket was lost; what is shown may be out of date.
 * - `polling`: sockets fail, so the status is fetched every few seconds.
 * - `closed`: the end.
 */
export type Connection = "connecting" | "live" | "reconnecting" | "polling" | "closed";

/** What keeps a watch from being live. It goes on trying all the same. */
export interface Problem {
  /** What to branch on: the names of PROTOCOL.md, section 9. A page is not told more than `unreachable` of a socket. */
  readonly kind:
    | "dns"
    | "refused"
    | "unreachable"
    | "timeout"
    | "certificate"
    | "tls"
    | "redirect"
    | "http"
    | "not-the-service"
    | "closed"
    | "malformed"
    | "too-many-watchers"
    | "signature-refresh";
  /** The HTTP status, with `redirect` and `http`. */
  readonly status?: number;
  /** The close code, with `closed`. */
  readonly code?: number;
  /** What could not be read, with `malformed`. */
  readonly field?: string;
  /** What was thrown, with `signature-refresh`. */
  readonly cause?: unknown;
  /** When it began. */
  readonly since: Date;
  /** How many attempts have failed since. */
  readonly attempts: number;
  /** When the next one is, or `null` while one runs. */
  readonly nextAttempt: Date | null;
}

/** The events of a watch and what each listener gets. */
export interface WatchEvents {
  /** The transfer changed. Each version comes at most once, never an older one after a newer one. */
  status: Transfer;
  /** The connection changed. */
  connection: Connection;
  /** Something keeps the watch from being live, or another thing than before; `null` when a status has come. */
  problem: Problem | null;
  /** The QR code was scanned, or the phone was put away. */
  scan: Scan;
  /** The server said something about the connection; the watch goes on. */
  notice: Notice;
  /** The watch ended without a final status; the error says what to do. At most once. */
  error: TransferStatusError;
  /**
   * The watch has ended, in whatever way. The last event, once: `null` after a final status, else what `finished`
   * rejects with.
   */
  closed: unknown;
}

/** Which transfer to watch, and the right to do so: one of three forms. */
export type Target =
  /** The id and the signature that your backend got for it. */
  | { transferId: string; signature?: string }
  /** The answer of your backend's create-transfer-request, spread into the options as it is. */
  | { transferRequestId: string; signature?: string; merchantId?: string; expiry?: number }
  /** The text of a scanned QR code: `https://<page>/t/<id>#s=<signature>`. */
  | { qr: string | URL };

/** The options besides the target. */
export interface Settings {
  /** The service's address, such as `https://status.example.com`; a path before `/ws` is kept. */
  url: string | URL;
  /**
   * Gets a fresh signature when the current one has expired, or the first one when none is given.
   *
   * Throw to be asked again after a while; return `null` when there is none to be had any more.
   *
   * @example
   * getSignature: async ({ transferId, signal }) => {
   *   const response = await fetch(`/api/signature/${transferId}`, { signal });
   *   return (await response.json()).signature;
   * }
   */
  getSignature?: (request: {
    transferId: string;
    signal: AbortSignal;
  }) => string | null | undefined | Promise<string | null | undefined>;
  /** Ends the watch when aborted; `finished` then rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Share one connection with the other tabs of this browser that watch the same transfer. On by default
   * where the browser can (Web Locks and BroadcastChannel); `false` always opens an own one.
   */
  share?: boolean;
}

/** What `watchTransfer` takes. */
export type WatchOptions = Settings & Target;

/** A transfer that is being watched. */
export interface TransferWatch extends AsyncIterable<Transfer> {
  /** The id of the transfer. */
  readonly transferId: string;
  /** The newest status that was seen. */
  readonly latest: Transfer | undefined;
  /** How news travels now. */
  readonly connection: Connection;
  /**
   * The final status. Rejects with a {@link TransferStatusError} when the watch ends without one. Nobody has to
   * look at it: a rejection that is not handled is no error of the page.
   *
   * @example
   * const { status } = await watch.finished; // "completed", "failed" or "cancelled"
   */
  readonly finished: Promise<Transfer>;
  /**
   * Calls `listener` at each event of that name, from now on.
   *
   * @returns A function that takes the listener off again.
   * @example
   * const off = watch.on("status", (transfer) => console.log(transfer.status));
   */
  on<Name extends keyof WatchEvents>(name: Name, listener: (event: WatchEvents[Name]) => void): () => void;
  /** Ends the watch. Harmless when it has ended already. */
  close(): void;
  /**
   * The newest status first, then each that follows. A slow reader gets the newest and may skip some, the final
   * one never. Ends after the final status or `close()`, and throws what `finished` rejects with otherwise.
   *
   * @example
   * for await (const transfer of watchTransfer(options)) render(transfer);
   */
  [Symbol.asyncIterator](): AsyncGenerator<Transfer, void, undefined>;
}
