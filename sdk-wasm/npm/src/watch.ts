/**
 * The driver: it owns the socket, one timer and the browser's `JSON.parse`, and carries out what the session says.
 *
 * It decides nothing. One input goes in, then outputs are drained until the session says wait.
 */
import {
  CLOSE,
  CLOSED,
  FRAME,
  HINT,
  MALFORMED,
  NETWORK_CHANGED,
  NOTICE,
  OFFLINE,
  ONLINE,
  POLLED,
  POLL_FAILED,
  SIGNED,
  SNAPSHOT,
  START,
  TIMEOUT,
  VISIBLE,
  type Core,
  load,
  type Instantiate,
} from "./core.ts";
import { STATUS, checkTransfer, decode, type Decoded } from "./decode.ts";
import { endError, type TransferStatusError } from "./error.ts";
import { LOST, dial, type Host, type Link, type Report } from "./link.ts";
import { PING, sharing } from "./share.ts";
import { readTarget } from "./target.ts";
import type { Connection, Notice, Scan, Transfer, TransferWatch, WatchEvents, WatchOptions } from "./types.ts";

/** The session's numbers for the connection. */
const connections: Connection[] = ["connecting", "live", "reconnecting", "polling"];

/** Wakes the iterators. */
const NEWS = "";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Watches a transfer with the session that `instantiate` makes. `host` is what a test puts in place of the globals. */
export const watch = (instantiate: Instantiate, options: WatchOptions, host: Host = globalThis): TransferWatch => {
  const { getSignature, signal } = options;
  const [transferId, given] = readTarget(options);
  // `http` and `https`, or `ws` and `wss`: either pair may be given.
  const base = new URL(options.url, host.location?.href).href.replace(/\/*$/, "/");
  const socketUrl = (base + "ws/" + transferId).replace(/^http/, "ws");

  let signature: string | undefined;
  let subprotocol: string;
  const sign = (text: string) => {
    // A text that cannot be a signature throws here.
    subprotocol = "signature." + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    signature = text;
  };
  if (given) sign(given);

  let core: Core | undefined;
  let link: Link | undefined;
  let conn: number;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let polling: AbortController | undefined;
  /** The transfer, and the notice, that the session was told of last. */
  let transfer: Transfer;
  let notice: (Notice & { type: "error" }) | (Scan & { type: "scan" });
  /** What the server said last in an `error` message. */
  let said: string | undefined;

  /** Why the watch ended, unless with a final status or by the user. */
  let failure: TransferStatusError | undefined;
  const stop = new AbortController();
  // An EventTarget keeps a listener that throws from disturbing the others, or the drain.
  const target = new EventTarget();
  const emit = <Name extends keyof WatchEvents>(name: Name | typeof NEWS, detail?: WatchEvents[Name]) =>
    target.dispatchEvent(new CustomEvent(name, { detail }));
  const setConnection = (value: Connection) => emit("connection", (self.connection = value));

  const feed = (what: number, id?: number, code?: number | boolean, version?: number, updatedAt?: number) => {
    if (core) {
      core.input(what, host.Date.now(), id, code, version, updatedAt);
      let output: number;
      do {
        output = core.output();
        outputs[output]!(core.value());
      } while (output);
    }
  };

  /** Hands in the order of a transfer and keeps the object itself here. */
  const snapshot = (what: number, id: number, value: Transfer, updatedAt: number) => {
    transfer = value;
    feed(what, id, /^(completed|failed|cancelled)$/.test(value.status), value.version ?? -1, updatedAt);
  };

  const reporter =
    (id: number): Report =>
    (what, data, relay) => {
      if (what == FRAME) {
        let decoded: Decoded | [typeof MALFORMED] = [MALFORMED];
        try {
          decoded = decode(data, transferId);
        } catch {}
        if (decoded[0] == STATUS) {
          relay?.();
          return snapshot(SNAPSHOT, id, decoded[1].transfer, decoded[2]);
        }
        if (decoded[0] == NOTICE) {
          relay?.();
          notice = decoded[1];
        }
        data = decoded[0];
      }
      feed(what, id, data);
    };

  const open = (report: Report) => dial(host, socketUrl, ["transfer-status.v1", subprotocol], report);
  const connect =
    options.share != false && host.navigator?.locks ? sharing(host, socketUrl, open, () => self.latest) : open;

  const poll = async (id: number) => {
    polling?.abort();
    polling = new AbortController();
    let status = 0;
    try {
      const response = await host.fetch((base + "transfer/" + transferId).replace(/^ws/, "http"), {
        cache: "no-store",
        // No version reads "undefined", which no ETag is.
        headers: { Authorization: "Bearer " + signature, "If-None-Match": `"${self.latest?.version}"` },
        signal: polling.signal,
      });
      if (/304|429/.test(response.status as unknown as string)) status = response.status;
      else {
        const body = await response.json();
        if (response.ok) return snapshot(POLLED, id, body, checkTransfer(body, transferId));
        if (body.type == "error" && /^(unauthorized|forbidden)$/.test(body.code)) {
          // Only by the service's own word: a captive portal refuses for reasons of its own.
          status = 401;
          said = body.message;
        }
      }
    } catch {}
    feed(POLL_FAILED, id, status);
  };

  const refresh = async (id: number) => {
    let answer = 1;
    try {
      const fresh = await getSignature!({ transferId, signal: stop.signal });
      answer = 2;
      if (fresh != null) {
        sign(fresh);
        answer = 0;
      }
    } catch {}
    feed(SIGNED, id, answer);
  };

  const end = (reason: number) => {
    if (stop.signal.aborted) return;
    const error = reason ? (reason == 1 && signal?.reason) || endError(reason, said) : null;
    stop.abort();
    polling?.abort();
    setConnection("closed");
    if (reason > 1) emit("error", (failure = error));
    emit("closed", error);
    emit(NEWS);
  };

  /** What to do, by the session's number for the output. */
  const outputs: ((value: number) => void)[] = [
    // Wait.
    (until) => {
      host.clearTimeout(timer);
      if (until >= 0) timer = host.setTimeout(feed, until - host.Date.now(), TIMEOUT);
    },
    // Connect.
    (id) => {
      link = connect(reporter((conn = id)));
    },
    // Drop the socket.
    (code) => link?._drop(code),
    // Ping.
    () => link?._send(PING),
    poll,
    refresh,
    // Tell the user: the status, a notice, the connection, the end.
    () => {
      emit("status", (self.latest = transfer));
      emit(NEWS);
    },
    () => {
      if (notice.type == "scan") emit("scan", notice);
      else {
        said = notice.message;
        emit("notice", notice);
      }
    },
    (value) => setConnection(connections[value]!),
    (reason) => end(reason),
  ];

  const close = () => {
    if (core) feed(CLOSE);
    else end(1);
  };

  /** What the browser says about network and page. */
  const heard = ({ type }: Event) => {
    if (/freeze|hide/.test(type)) {
      // Before the page is frozen its socket goes, so that another tab of this browser takes over.
      link?._drop();
      feed(CLOSED, conn, LOST);
    } else if (!host.document?.hidden) {
      // A hidden page may be on its way to sleep: a browser says so after `pagehide`, and a socket dialled then would stay.
      feed(HINT, 0, { online: ONLINE, offline: OFFLINE, change: NETWORK_CHANGED }[type] ?? VISIBLE);
    }
  };
  const hear = (target: EventTarget | undefined, types: string, listener = heard) => {
    for (const type of types.split(" ")) target?.addEventListener?.(type, listener, { signal: stop.signal });
  };

  if (signal?.aborted) queueMicrotask(close);
  hear(signal, "abort", close);
  hear(host, "online offline pageshow pagehide");
  hear(host.document, "resume freeze visibilitychange");
  hear((host.navigator as { connection?: EventTarget } | undefined)?.connection, "change");
  load(instantiate)
    .then((loaded) => {
      if (!stop.signal.aborted) {
        core = loaded;
        feed(START, 0, +!!getSignature | (signature ? 0 : 2), Math.random());
      }
    })
    .catch((cause) => {
      said = `${cause}`;
      end(3);
    });

  const self = {
    transferId,
    connection: "connecting",
    finished: new Promise((resolve, reject) =>
      target.addEventListener("closed", (event) => {
        const { detail } = event as CustomEvent;
        if (detail) reject(detail);
        else resolve(self.latest!);
      }),
    ),
    on(name, listener) {
      const own = (event: Event) => listener((event as CustomEvent).detail);
      target.addEventListener(name, own);
      return () => target.removeEventListener(name, own);
    },
    close,
    async *[Symbol.asyncIterator]() {
      let seen: Transfer | undefined;
      for (;;) {
        if (self.latest != seen) yield (seen = self.latest)!;
        else if (failure) throw failure;
        else if (stop.signal.aborted) return;
        else await new Promise((wake) => target.addEventListener(NEWS, wake, { once: true }));
      }
    },
  } as Writable<TransferWatch>;
  // A page that does not look at it made no mistake.
  self.finished.catch(() => {});
  return self;
};
