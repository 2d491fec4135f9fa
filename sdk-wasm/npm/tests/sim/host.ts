/**
 * The global object as one watch of one page sees it. What the watch holds (timers, sockets, channels, locks, requests)
 * is counted by itself, so that what it leaves behind is seen.
 */
import { Random } from "../unit/support/mutate.ts";
import type { Channels } from "./channel.ts";
import type { Locks } from "./locks.ts";
import { Link, type Network } from "./network.ts";
import type { Page, Timer } from "./page.ts";
import type { Kind } from "./plan.ts";
import type { Answer } from "./service.ts";
import { START, type Stage } from "./stage.ts";

/** What the tabs of a browser share. */
export interface Browser {
  readonly stage: Stage;
  readonly network: Network;
  readonly channels: Channels;
  readonly locks: Locks;
  /** How far the machine's clock is off. */
  clockOff: number;
}

/** What is held by one watch. */
export class Held {
  readonly timers = new Set<Timer>();
  readonly sockets = new Set<{ isOpen: boolean }>();
  readonly channels = new Set<object>();
  readonly locks = new Set<object>();
  readonly requests = new Set<object>();

  /**
   * What there is, in words; nothing when there is nothing. Timers that are due within `soon` do not count: what waits
   * for a leader's last word is not called off, and does nothing any more.
   */
  words(now: number, soon = 300): string {
    const { timers, ...others } = this;
    const late = [...timers].filter(({ due }) => due > now + soon);
    const all = Object.entries({ timers: new Set(late), ...others });
    return all.flatMap(([name, { size }]) => (size ? [`${size} ${name}`] : [])).join(", ");
  }
}

/** What the watch does that is judged. */
export interface Doings {
  dialled(link: Link): void;
  pinged(): void;
  polled(): void;
  /** A frame, or the close code, of an own socket. */
  heard(text: string | number): void;
}

/** The host of one watch. */
export const hostOf = (
  browser: Browser,
  page: Page,
  kind: Kind,
  payment: number,
  held: Held,
  doings: Doings,
  seed: number,
): typeof globalThis => {
  const { stage, network } = browser;
  const { time } = stage;
  const dice = new Random(seed);
  const now = () => START + time.now + browser.clockOff;

  class Socket {
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: string }) => void) | null = null;
    onclose: ((event: { code: number }) => void) | null = null;
    onerror: (() => void) | null = null;
    readonly #link: Link;
    isOpen = false;

    constructor(_url: string, [, proof]: string[]) {
      const text = proof!.slice("signature.".length).replaceAll("-", "+").replaceAll("_", "/");
      this.#link = new Link(page, payment, atob(text), {
        opened: () =>
          page.task(this, () => {
            if (this.#link.isClosed) return;
            this.isOpen = true;
            this.onopen?.();
          }),
        message: (data) =>
          page.task(this, () => {
            if (this.#link.isClosed) return;
            doings.heard(data);
            this.onmessage?.({ data });
          }),
        closed: (code) =>
          page.task(this, () => {
            held.sockets.delete(this);
            if (!this.#link.isClosed) doings.heard(code);
            if (!this.isOpen) this.onerror?.();
            this.onclose?.({ code });
          }),
      });
      held.sockets.add(this);
      doings.dialled(this.#link);
      network.dial(this.#link);
    }

    send(text: string): void {
      if (this.isOpen && !this.#link.isClosed) {
        doings.pinged();
        network.up(this.#link, () => network.service.hear(this.#link, text));
      }
    }

    close(): void {
      held.sockets.delete(this);
      network.hangUp(this.#link);
    }
  }

  const fetch = (_url: string, { headers, signal }: { headers: Record<string, string>; signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      const request = {};
      held.requests.add(request);
      const end = (settle: () => void) => {
        if (held.requests.delete(request)) settle();
      };
      if (signal.aborted) return end(() => reject(signal.reason));
      signal.addEventListener("abort", () => end(() => reject(signal.reason)));
      doings.polled();
      network.ask(
        () => network.service.get(payment, headers.Authorization!, headers["If-None-Match"]),
        (answer) =>
          page.task(request, () =>
            end(() => (answer ? resolve(responseOf(answer)) : reject(new TypeError("Failed to fetch")))),
          ),
      );
    });

  const { means } = stage.plan;
  const isSandboxed = kind == "sandboxed";
  const isRefused = isSandboxed || means == "locks refused";
  const locks = means == "no locks" ? undefined : isRefused ? refusedLocks : browser.locks.in(page, held.locks);
  const isDeaf = isSandboxed || means == "channels deaf";
  const ownChannel = () => (isDeaf ? Deaf : browser.channels.in(page, held.channels));

  return {
    addEventListener: page.window.addEventListener.bind(page.window),
    document: page.document,
    location: { href: "https://shop.example/pay", protocol: "https:" },
    navigator: { connection: page.connection, locks },
    Date: { now },
    Math: { random: () => dice.next() },
    setTimeout: (run: (...args: unknown[]) => void, ms: number, ...args: unknown[]) => {
      const timer: Timer = {
        due: time.now + Math.max(0, ms),
        moment: undefined,
        run: () => {
          held.timers.delete(timer);
          run(...args);
        },
      };
      held.timers.add(timer);
      page.start(timer);
      return timer;
    },
    clearTimeout: (timer: Timer | undefined) => {
      if (!timer) return;
      held.timers.delete(timer);
      page.clear(timer);
    },
    BroadcastChannel: means == "channels refused" ? Refused : ownChannel(),
    WebSocket: Socket,
    fetch,
  } as unknown as typeof globalThis;
};

const refusedLocks = { request: async () => Promise.reject(new DOMException("Access is denied.", "SecurityError")) };

/** A channel that nobody else is on. */
class Deaf {
  postMessage(): void {}
  close(): void {}
}

/** A channel where storage is blocked. */
class Refused {
  constructor() {
    throw new DOMException("The operation is insecure.", "SecurityError");
  }
}

/** The part of a `Response` that is read; a body comes in two pieces. */
const responseOf = ({ status, headers = {}, body }: Answer): object => {
  const bytes = new TextEncoder().encode(body);
  const half = bytes.length >> 1;
  const parts = [bytes.slice(0, half), bytes.slice(half)];
  return {
    ok: status == 200,
    status,
    headers: { get: (name: string) => headers[name] ?? null },
    body: body == null ? null : { getReader: () => ({ read: async () => ({ value: parts.shift() }) }) },
  };
};
