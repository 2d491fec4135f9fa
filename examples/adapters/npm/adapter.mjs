/**
 * The npm package behind the adapter protocol of the conformance suite: commands as JSON lines on stdin, events on
 * stdout. It translates and decides nothing.
 *
 * Usage: `node adapter.mjs [--verbose] [--page] [--tabs]`, after `cargo xtask build npm`.
 *
 * - `--page` gives it what a page has beyond Node.js: window, document and network events, so that hints can be given.
 * - `--tabs` gives it Web Locks where Node.js has none, so that two watches of one process are two tabs of a browser.
 */
import { createInterface } from "node:readline";
import { format } from "node:util";

import { watchTransfer } from "../../../sdk-wasm/npm/dist/index.js";
import { formatQr, parseQr } from "../../../sdk-wasm/npm/dist/qr.js";

const flags = process.argv.slice(2);
const say = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const verbose = flags.includes("--verbose");
const page = flags.includes("--page");
const tabs = flags.includes("--tabs");

process.on("unhandledRejection", (error) =>
  say({ event: "fault", message: `unhandled rejection: ${error?.stack ?? error}` }),
);
process.on("uncaughtException", (error) =>
  say({ event: "fault", message: `uncaught exception: ${error?.stack ?? error}` }),
);
if (verbose) {
  for (const name of ["log", "info", "warn", "error", "debug"])
    console[name] = (...text) => process.stderr.write(format(...text) + "\n");
}

if (page) {
  const window = new EventTarget();
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"])
    globalThis[name] = window[name].bind(window);
  globalThis.document = Object.assign(new EventTarget(), { hidden: false, visibilityState: "visible" });
  const connection = Object.assign(new EventTarget(), { type: "wifi" });
  Object.defineProperty(navigator, "connection", { value: connection, configurable: true });
}
if (tabs && !navigator.locks) Object.defineProperty(navigator, "locks", { value: locks(), configurable: true });

/** Exclusive Web Locks with `signal`, `steal` and `ifAvailable`, as their specification has them. */
function locks() {
  const held = new Map();
  const queues = new Map();
  const grant = (name) => {
    if (held.has(name)) return;
    const next = queues.get(name)?.shift();
    if (!next) return;
    const hold = { next };
    held.set(name, hold);
    queueMicrotask(async () => {
      try {
        next.resolve(await next.callback({ name, mode: "exclusive" }));
      } catch (error) {
        next.reject(error);
      } finally {
        if (held.get(name) === hold) held.delete(name), grant(name);
      }
    });
  };
  return {
    request(name, options, callback = options) {
      options = typeof options === "function" ? {} : options;
      return new Promise((resolve, reject) => {
        if (options.signal?.aborted) return reject(options.signal.reason);
        const request = { callback, resolve, reject };
        if (options.ifAvailable && held.has(name)) return resolve(callback(null));
        if (options.steal) {
          held.get(name)?.next.reject(new DOMException("stolen", "AbortError"));
          held.delete(name);
          queues.set(name, [request, ...(queues.get(name) ?? [])]);
          return grant(name);
        }
        queues.set(name, [...(queues.get(name) ?? []), request]);
        options.signal?.addEventListener("abort", () => {
          const queue = queues.get(name) ?? [];
          if (queue.includes(request))
            queues.set(
              name,
              queue.filter((other) => other !== request),
            ),
              reject(options.signal.reason);
        });
        grant(name);
      });
    },
  };
}

const hints = {
  online: () => dispatchEvent(new Event("online")),
  offline: () => dispatchEvent(new Event("offline")),
  hidden: () => show(false),
  visible: () => (show(false), show(true)),
  suspend: () => document.dispatchEvent(new Event("freeze")),
  resume: () => document.dispatchEvent(new Event("resume")),
  networkChanged() {
    navigator.connection.type = navigator.connection.type === "wifi" ? "cellular" : "wifi";
    navigator.connection.dispatchEvent(new Event("change"));
  },
};
function show(visible) {
  document.hidden = !visible;
  document.visibilityState = visible ? "visible" : "hidden";
  document.dispatchEvent(new Event("visibilitychange"));
}

/** A problem with its times in seconds, as the suite has them. */
const translated = (problem) =>
  problem
    ? {
        ...problem,
        cause: problem.cause && String(problem.cause),
        since: problem.since.getTime() / 1000,
        nextIn: problem.nextAttempt && (problem.nextAttempt.getTime() - Date.now()) / 1000,
      }
    : { kind: null };

const watches = new Map();
const asked = new Map();
let nextId = 0;

/** The one event that answers a question about a QR payload. */
const answer = (id, make) => {
  try {
    say({ event: "qr", id, ...make() });
  } catch (error) {
    say({ event: "qr", id, rejected: error.message });
  }
};

const commands = {
  watch({ watch: name, url, transferId, signature, refresh, share, allowPlainText }) {
    const getSignature =
      refresh &&
      (() => {
        const id = ++nextId;
        say({ event: "refresh", watch: name, id });
        return new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
      });
    let watch;
    try {
      watch = watchTransfer({
        url,
        transferId,
        ...(signature !== undefined && { signature }),
        ...(getSignature && { getSignature }),
        ...(share !== undefined && { share }),
        ...(allowPlainText && { allowPlainText }),
        ...(verbose && { log: (...line) => console.error(name, ...line) }),
      });
    } catch (error) {
      return say({ event: "rejected", watch: name, message: `${error.name}: ${error.message}` });
    }
    watches.set(name, watch);
    watch.on("status", (transfer) => say({ event: "status", watch: name, transfer }));
    watch.on("connection", (state) => state === "closed" || say({ event: "connection", watch: name, state }));
    watch.on("scan", (scan) => say({ event: "scan", watch: name, ...scan }));
    watch.on("notice", (notice) => say({ event: "notice", watch: name, ...notice }));
    watch.on("problem", (problem) => say({ event: "problem", watch: name, ...translated(problem) }));
    watch.on("closed", (error) => {
      const closed = { event: "closed", watch: name };
      if (error === null || error === undefined) return say({ ...closed, outcome: "final" });
      const outcome =
        error.closeCode !== undefined
          ? "refused"
          : ({ closed: "user", no_signature: "no_signature" }[error.code] ?? "failed");
      say({ ...closed, outcome, code: error.closeCode, name: error.code, message: error.message });
    });
  },
  hint: ({ hint }) => (hints[hint] ?? (() => say({ event: "fault", message: `no hint ${hint}` })))(),
  close: ({ watch }) => watches.get(watch)?.close(),
  signature({ id, signature, outcome, message }) {
    const { resolve, reject } = asked.get(id) ?? {};
    asked.delete(id);
    if (signature !== undefined) resolve?.(signature);
    else if (outcome === "retry") reject?.(new Error(message));
    else resolve?.(null);
  },
  "qr-read": ({ id, text }) => answer(id, () => parseQr(text)),
  "qr-write": ({ id, page, transferId, signature }) =>
    answer(id, () => ({ text: formatQr({ page, transferId, signature }) })),
  exit: () => process.exit(0),
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    (commands[command.cmd] ?? (() => say({ event: "fault", message: `no command ${command.cmd}` })))(command);
  })
  .on("close", () => process.exit(0));
say({
  event: "ready",
  sdk: "npm",
  can: [
    "roots",
    "watch",
    "refresh",
    "late-signature",
    "notice",
    "problem",
    "qr",
    "qr-write",
    "allow-plain-text",
    "signals",
    ...(tabs ? ["tabs"] : []),
    ...(page ? Object.keys(hints).map((hint) => `hint:${hint}`) : []),
  ],
});
