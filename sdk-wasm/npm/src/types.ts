/// <reference lib="esnext.disposable" preserve="true" />
/** What users of the package see: options, transfers, events. */
import type { TransferStatusError } from "./error.ts";

/** Where a transfer stands. The last three are final; a name from a newer server is passed on as it is. */
export type Status = "pending" | "processing" | "completed" | "failed" | "cancelled" | (string & {});

/** What a backend may attach to a transfer, where nothing closer is said of it. */
export type AnyMetadata = { readonly [key: string]: unknown };

/**
 * A transfer, as the server sent it: the very object that `JSON.parse` made. `Metadata` is what your backend attaches;
 * nobody checks it.
 *
 * @example
 * const watch = watchTransfer<{ currency: string }>(options);
 * watch.on("status", ({ amount, metadata }) => show(amount, metadata?.currency));
 */
export interface Transfer<Metadata = AnyMetadata> {
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
  readonly metadata?: Metadata | null;
  /** Counts the changes from 1; 0 says that nothing was reported yet. An older service sends none. */
  readonly version?: number | null;
}

/** A transfer that nothing can follow. */
export type FinalTransfer<Metadata = AnyMetadata> = Transfer<Metadata> & {
  readonly status: "completed" | "failed" | "cancelled";
};

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

/** What stands beside a change of the connection. */
export interface ConnectionDetail {
  /** Sockets dialled since the last one was live. */
  readonly attempt: number;
  /** The close code of the socket that was lost last; 1006 where it closed without one. */
  readonly closeCode: number | undefined;
  /** The news comes over the socket of another tab. */
  readonly isShared: boolean;
  /** What is wrong, and when the next attempt is. */
  readonly problem: Problem | null;
}

/**
 * What keeps the watch from being live. It goes on trying all the same.
 *
 * | kind | what happened |
 * |---|---|
 * | `unreachable` | no way there. A browser tells no cause, so this stands for `dns`, `refused`, `certificate` and `tls` too, and for an upgrade that was refused with an HTTP status |
 * | `timeout` | connecting, the first status, the answer to a ping or a poll took too long |
 * | `redirect`, `http` | another HTTP status than 200, in `status` where the browser shows it |
 * | `not-the-service` | an answer that is not the service's: a page, a portal |
 * | `closed` | the socket ended before its first status had held, with `code` |
 * | `malformed` | a message that cannot be read, with `field` where it is one field |
 * | `too-many-watchers` | too many watchers of this transfer; the next attempt is ten seconds away or more |
 * | `signature-refresh` | there is no fresh signature, or it has expired too; `cause` is what `getSignature` threw |
 */
export interface Problem {
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
  /** The HTTP status. */
  readonly status?: number;
  /** The close code; 1005 or 1006 where there was none. */
  readonly code?: number;
  /** The field that cannot be read. */
  readonly field?: string | undefined;
  /** What `getSignature` threw, or why the client itself could not be loaded. */
  readonly cause?: unknown;
  /** When the first attempt failed for this. */
  readonly since: Date;
  /** How many have failed since then, from 1. */
  readonly attempts: number;
  /** When the next one begins; `null` while one is under way. */
  readonly nextAttempt: Date | null;
}

/** The events of a watch and what each listener gets. */
export interface WatchEvents<Metadata = AnyMetadata> {
  /** The transfer changed. Each version comes at most once, never an older one after a newer one. */
  status: Transfer<Metadata>;
  /** The connection changed. Its listeners get a {@link ConnectionDetail} as a second argument. */
  connection: Connection;
  /** What keeps the watch from being live is new or was met again; `null`: it is gone. */
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
  /**
   * The service's address, such as `https://status.example.com`; a path before `/ws` is kept. One that begins with a
   * slash is on the page's own host.
   */
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
    /** There is no signature yet, or the last one has expired. */
    reason: "missing" | "expired";
    signal: AbortSignal;
  }) => string | null | undefined | Promise<string | null | undefined>;
  /** Ends the watch when aborted; `finished` then rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Share one connection with the other tabs of this browser that watch the same transfer. On by default
   * where the browser can (Web Locks and BroadcastChannel), among tabs with the same signature; `false` always opens
   * an own one. Never shared outside a page, where one process may serve many users.
   */
  share?: boolean;
  /**
   * Allow `http://` and `ws://` beyond this machine and private networks. The signature and the payment's status are
   * then there for everybody on the way to read.
   */
  allowPlainText?: boolean;
  /**
   * Called after each event, with its name and what its listeners get. Without it, and without a listener for
   * `error` or `problem`, the console is told what goes wrong.
   *
   * @example
   * log: (event, ...detail) => console.debug("transfer", event, ...detail)
   */
  log?: (event: keyof WatchEvents, ...detail: unknown[]) => void;
}

/** What `watchTransfer` takes. */
export type WatchOptions = Settings & Target;

/** A transfer that is being watched. */
export interface TransferWatch<Metadata = AnyMetadata> extends AsyncIterable<Transfer<Metadata>> {
  /** The id of the transfer. */
  readonly transferId: string;
  /** The newest status that was seen. */
  readonly latest: Transfer<Metadata> | undefined;
  /** How news travels now. */
  readonly connection: Connection;
  /** What keeps the watch from being live; `null` when nothing does. */
  readonly problem: Problem | null;
  /**
   * The final status. Rejects with a {@link TransferStatusError} when the watch ends without one. Nobody has to
   * look at it: a rejection that is not handled is no error of the page.
   *
   * @example
   * const { status } = await watch.finished; // "completed", "failed" or "cancelled"
   */
  readonly finished: Promise<FinalTransfer<Metadata>>;
  /**
   * Calls `listener` at each event of that name, from now on.
   *
   * @returns A function that takes the listener off again.
   * @example
   * const off = watch.on("status", (transfer) => console.log(transfer.status));
   */
  on<Name extends keyof WatchEvents>(
    name: Name,
    listener: (
      event: WatchEvents<Metadata>[Name],
      detail: Name extends "connection" ? ConnectionDetail : undefined,
    ) => void,
  ): () => void;
  /** Ends the watch. Harmless when it has ended already. */
  close(): void;
  /** As {@link TransferWatch.close}, for `using` and `await using`, where the browser has them. */
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * The newest status first, then each that follows. A slow reader gets the newest and may skip some, the final
   * one never. Ends after the final status or `close()`, and throws what `finished` rejects with otherwise. Leaving
   * the loop early, with `break` or `return`, closes the watch.
   *
   * @example
   * for await (const transfer of watchTransfer(options)) render(transfer);
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Transfer<Metadata>, void, undefined>;
}
