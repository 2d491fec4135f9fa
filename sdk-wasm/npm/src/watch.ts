/**
 * The driver: it owns the socket, one timer and the browser's `JSON.parse`, and carries out what the session says.
 *
 * It decides nothing. One input goes in, then outputs are drained until the session says wait.
 */
import { readAddress } from "./address.ts";
import {
  END_USER,
  FRAME_MALFORMED,
  FRAME_NOTICE,
  FRAME_UNKNOWN,
  HINT_NETWORK_CHANGED,
  HINT_OFFLINE,
  HINT_ONLINE,
  HINT_RESUME,
  HINT_SUSPEND,
  HINT_VISIBLE,
  INPUT_CLOSE,
  INPUT_CLOSED,
  INPUT_FRAME,
  INPUT_HINT,
  INPUT_POLLED,
  INPUT_POLL_FAILED,
  INPUT_SIGNED,
  INPUT_SNAPSHOT,
  INPUT_START,
  OUTPUT_CLOSED,
  OUTPUT_CONNECT,
  OUTPUT_CONNECTION,
  OUTPUT_DROP,
  OUTPUT_NOTICE,
  OUTPUT_PING,
  OUTPUT_POLL,
  OUTPUT_PROBLEM,
  OUTPUT_REFRESH,
  OUTPUT_UPDATE,
  OUTPUT_WAIT,
  SIGNED_FAILED,
  SIGNED_READY,
  SIGNED_REFUSED,
  STAGE_FINAL,
  STAGE_OPEN,
  STAGE_UNKNOWN,
  type Compile,
  type Core,
  load,
} from "./core.ts";
import { STATUS, decode } from "./decode.ts";
import { endError, type TransferStatusError } from "./error.ts";
import { iterate } from "./iterate.ts";
import { dial, type Host, type Link, type Report } from "./link.ts";
import { ask } from "./poll.ts";
import { readProblem } from "./problem.ts";
import { PING, sharing } from "./share.ts";
import { readTarget } from "./target.ts";
import type {
  Connection,
  ConnectionDetail,
  Notice,
  Problem,
  Scan,
  FinalTransfer,
  Transfer,
  TransferWatch,
  WatchEvents,
  WatchOptions,
} from "./types.ts";

/** The session's numbers for the connection. */
const connections: Connection[] = ["connecting", "live", "reconnecting", "polling"];

const stages: Record<string, number> = {
  pending: STAGE_OPEN,
  processing: STAGE_OPEN,
  completed: STAGE_FINAL,
  failed: STAGE_FINAL,
  cancelled: STAGE_FINAL,
};

/** What the window, and the document, say about network and page. */
const windowHints = {
  online: HINT_ONLINE,
  offline: HINT_OFFLINE,
  pagehide: HINT_SUSPEND,
  pageshow: HINT_RESUME,
};
const documentHints = {
  visibilitychange: HINT_VISIBLE,
  freeze: HINT_SUSPEND,
  resume: HINT_RESUME,
};

/** The longest that the timer waits: a device that slept notices by itself soon after it wakes. */
const SLICE_MS = 5_000;

/** Hears every event: its name and what belongs to it. */
type Listener = (name: keyof WatchEvents, ...detail: any[]) => void;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Watches a transfer with the session that `compile` makes. `host` is what a test puts in place of the globals. */
export const watch = (compile: Compile, options: WatchOptions, host: Host = globalThis): TransferWatch => {
  const { getSignature, signal } = options;
  const [transferId, given] = readTarget(options);
  // `http` and `https`, or `ws` and `wss`: either pair may be given.
  const base = readAddress(options.url, options.allowPlainText, host.location);
  const socketUrl = (base + "ws/" + transferId).replace(/^http/, "ws");

  let signature = "";
  let subprotocol: string;
  const sign = (text: string) => {
    if (!/^[!-~]+$/.test(text)) throw TypeError("signature: pass it on as it is");
    subprotocol = "signature." + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    signature = text;
  };
  if (given) sign(given);

  let core: Core | undefined;
  let link: Link | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let polling: AbortController | undefined;
  /** The request for a signature that is under way. */
  let asked: number;
  /** The transfer, and the notice, that the session was told of last. */
  let transfer: Transfer;
  let notice: (Notice & { type: "error" }) | (Scan & { type: "scan" });
  /** What the server said last in an `error` message over this link. */
  let said: string | undefined;
  /** The field that could not be read, and what `getSignature` threw. */
  let field: string | undefined;
  let refreshCause: unknown;
  /** How the last link ended, and how many were dialled since one was live. */
  let closeCode: number | undefined;
  let attempt = 0;
  /** Somebody listens to what is wrong. */
  let isHeard = !!options.log;

  /** Why the watch ended; `null` for a reason that is nobody's failure. */
  let ended: unknown;
  const stop = new AbortController();
  const listeners = new Set<Listener>();
  const listen = (listener: Listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const emit = <Name extends keyof WatchEvents>(name: Name, value: WatchEvents[Name], detail?: ConnectionDetail) => {
    // Who comes while it is told hears the next one; who goes hears no more.
    for (const listener of [...listeners]) {
      try {
        if (listeners.has(listener)) listener(name, value, detail);
      } catch (error) {
        // A listener that throws disturbs neither the others nor the drain.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };
  const setConnection = (value: Connection) =>
    emit("connection", (self.connection = value), {
      attempt,
      closeCode,
      isShared: !!link?._isShared?.(),
      problem: self.problem,
    });
  const setProblem = (problem: Problem | null) => {
    if (problem && problem.kind != self.problem?.kind) warn(problem.kind, problem);
    emit("problem", (self.problem = problem));
  };
  /** Nothing fails in silence. */
  const warn = (...what: unknown[]) => isHeard || console.warn("transfer-status:", ...what);

  /** One input to the session, and all outputs of it; with nothing in it, that the time has come. */
  const feed = (what?: number, id?: number, code?: number, version?: number, updatedAt?: number) => {
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
    feed(what, id, stages[value.status] ?? STAGE_UNKNOWN, value.version ?? -1, updatedAt);
  };

  const reporter =
    (id: number): Report =>
    (what, data, relay) => {
      let code = data as number;
      if (what == INPUT_CLOSED) closeCode = code;
      if (what == INPUT_FRAME) {
        let message: any;
        let updatedAt: number | undefined;
        try {
          [code, message, updatedAt] = decode(data, transferId);
        } catch (error) {
          field = error instanceof TypeError ? error.message : undefined;
          return feed(INPUT_FRAME, id, FRAME_MALFORMED);
        }
        // A refusal is of this tab's own.
        if (code != FRAME_UNKNOWN && message?.type != "error") relay?.(code == STATUS);
        if (code == STATUS) return snapshot(INPUT_SNAPSHOT, id, message.transfer, updatedAt!);
        if (code == FRAME_NOTICE) notice = message;
      }
      feed(what, id, code);
    };

  const open = (report: Report) => dial(host, socketUrl, ["transfer-status.v1", subprotocol], report);
  // Only tabs of a browser have one user: elsewhere one process serves many.
  const share = options.share != false && host.document && host.navigator?.locks && sharing(host, open);

  const poll = async (id: number) => {
    polling?.abort();
    polling = new AbortController();
    const headers: Record<string, string> = { Authorization: "Bearer " + signature };
    const version = self.latest?.version;
    if (version != null) headers["If-None-Match"] = `"${version}"`;
    const address = (base + "transfer/" + transferId).replace(/^ws/, "http");
    const [code, what, number] = await ask(host, address, headers, polling, transferId);
    if (code == STATUS) return snapshot(INPUT_POLLED, id, what as Transfer, number);
    // From 1,000 on it is a refusal, in the service's words.
    if (code > 999) said = what as string;
    else field = what as string;
    feed(INPUT_POLL_FAILED, id, code, number);
  };

  const refresh = async (id: number) => {
    asked = id;
    let answer = SIGNED_FAILED as number;
    try {
      const reason = signature ? "expired" : "missing";
      const fresh = await getSignature!({ transferId, reason, signal: stop.signal });
      // One that comes after a later request is old.
      if (asked != id) return;
      answer = SIGNED_REFUSED;
      if (fresh != null) {
        sign(fresh);
        answer = SIGNED_READY;
      }
    } catch (error) {
      refreshCause = error;
    }
    feed(INPUT_SIGNED, id, answer);
  };

  const end = (reason: number) => {
    if (stop.signal.aborted) return;
    const error = reason ? (reason == END_USER && signal?.reason) || endError(reason, said) : null;
    ended = reason == END_USER && !signal?.aborted ? null : error;
    stop.abort();
    polling?.abort();
    host.clearTimeout(timer);
    setConnection("closed");
    if (reason > END_USER) {
      warn(error);
      emit("error", error as TransferStatusError);
    }
    emit("closed", error);
  };

  /**
   * Sockets go before timers. Node.js that was stopped for a while looks at its timers first, and at what has come in
   * by the time of an immediate. A browser has neither the one order nor the other, and no immediates.
   */
  const afterSockets = (host.setImmediate ?? ((then: () => void) => then())) as (then: () => void) => void;

  const outputs: Record<number, (value: number) => void> = {
    [OUTPUT_WAIT](until) {
      host.clearTimeout(timer);
      if (until >= 0) timer = host.setTimeout(afterSockets, Math.min(until - host.Date.now(), SLICE_MS), feed);
    },
    [OUTPUT_CONNECT](id) {
      said = undefined;
      attempt++;
      link = share ? share(socketUrl, signature, reporter(id)) : open(reporter(id));
    },
    [OUTPUT_DROP]: () => link!._drop(isAsleep),
    [OUTPUT_PING]: () => link!._send(PING),
    [OUTPUT_POLL]: poll,
    [OUTPUT_REFRESH]: refresh,
    [OUTPUT_UPDATE]: () => emit("status", (self.latest = transfer)),
    [OUTPUT_NOTICE]() {
      if (notice.type == "scan") emit("scan", notice);
      else {
        said = notice.message;
        emit("notice", notice);
      }
    },
    [OUTPUT_CONNECTION](value) {
      setConnection(connections[value]!);
      if (self.connection == "live") {
        said = undefined;
        attempt = 0;
      }
    },
    [OUTPUT_PROBLEM]: () => setProblem(readProblem(core!, field, refreshCause)),
    [OUTPUT_CLOSED]: end,
  };

  const close = () => {
    if (core) feed(INPUT_CLOSE);
    else end(END_USER);
  };

  const connection = (host.navigator as { connection?: EventTarget & { type?: string } } | undefined)?.connection;
  let network = connection?.type;
  const hear = (target: EventTarget | undefined, type: string, heard: () => void) =>
    target?.addEventListener?.(type, heard, { signal: stop.signal });
  let isAsleep = false;
  const hint = (hint: number) => {
    if (hint == HINT_SUSPEND) {
      isAsleep = true;
      // A poll would keep the page from being frozen, or come back to life with it.
      polling?.abort();
    }
    if (hint == HINT_RESUME) {
      // A page that has just been loaded says `pageshow`, too.
      if (!isAsleep) return;
      isAsleep = false;
    }
    if (hint != HINT_VISIBLE || !host.document.hidden) feed(INPUT_HINT, 0, hint);
  };

  /** Begins with the session, and tries again for as long as it cannot be fetched. */
  const begin = async () => {
    try {
      const loaded = await load(compile);
      if (stop.signal.aborted) return;
      core = loaded;
    } catch (cause) {
      if (stop.signal.aborted) return;
      const now = host.Date.now();
      const attempts = (self.problem?.attempts ?? 0) + 1;
      const wait = Math.min(500 * 2 ** attempts, 30_000) * host.Math.random();
      timer = host.setTimeout(begin, wait);
      return setProblem({
        kind: "unreachable",
        cause,
        since: self.problem?.since ?? new Date(now),
        attempts,
        nextAttempt: new Date(now + wait),
      });
    }
    if (self.problem) setProblem(null);
    feed(INPUT_START, 0, +!!getSignature | (signature ? 0 : 2), host.Math.random());
  };

  const self = {
    transferId,
    connection: "connecting",
    problem: null,
    finished: new Promise((resolve, reject) =>
      listen((name, error) => {
        if (name == "closed") error ? reject(error) : resolve(self.latest as FinalTransfer);
      }),
    ),
    on(name, listener) {
      isHeard ||= name == "error" || name == "problem";
      return listen((event, value, detail) => event == name && listener(value, detail));
    },
    close,
    [Symbol.asyncIterator]: () =>
      iterate(
        self,
        () => ended,
        () =>
          new Promise((wake) => {
            const off = listen(() => {
              off();
              wake();
            });
          }),
      ),
    ...(Symbol.dispose && { [Symbol.dispose]: close, [Symbol.asyncDispose]: async () => close() }),
  } as Writable<TransferWatch>;
  // A page that does not look at it made no mistake.
  self.finished.catch(() => {});
  if (options.log) listen(options.log);

  if (signal?.aborted) queueMicrotask(close);
  hear(signal, "abort", close);
  for (const [type, number] of Object.entries(windowHints)) hear(host, type, () => hint(number));
  for (const [type, number] of Object.entries(documentHints)) hear(host.document, type, () => hint(number));
  hear(connection, "change", () => {
    // A browser says so whenever its estimate of the speed moves, too.
    if (network != (network = connection!.type)) hint(HINT_NETWORK_CHANGED);
  });
  begin();
  return self;
};
