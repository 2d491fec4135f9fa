/** A browser tab for the driver: real sockets and fetch of this runtime, virtual time, and the tab's own events. */
import { readFileSync } from "node:fs";

import { watch } from "../../../src/watch.ts";
import type { TransferWatch, WatchEvents, WatchOptions } from "../../../src/types.ts";
import { Clock } from "./clock.ts";

const module = new WebAssembly.Module(readFileSync(new URL("../../../dist/session.wasm", import.meta.url)));

/** The module as it ships. */
export const compile = async () => module;

/** Lets real I/O happen, while virtual time stands still. */
export const breath = (ms = 5): Promise<void> => new Promise((done) => setTimeout(done, ms));

export class Tab extends EventTarget {
  readonly clock = new Clock();
  readonly document = Object.assign(new EventTarget(), { hidden: false });
  readonly connection = Object.assign(new EventTarget(), { type: "wifi" });
  /** Sockets whose end the driver has been told of. */
  ended = 0;
  /** Sockets that are on their way: neither open nor ended. */
  dialing = 0;
  readonly WebSocket: typeof WebSocket;
  readonly fetch: typeof fetch = (input, init) => globalThis.fetch(input, init);
  readonly BroadcastChannel = globalThis.BroadcastChannel;
  readonly navigator: { connection: EventTarget & { type: string }; locks?: unknown };
  readonly Date = this.clock.Date;
  /** The one random number: with another one, a wait may be over before a test has looked at it. */
  readonly Math = Object.assign(Object.create(Math) as typeof Math, { random: () => 0.5 });
  readonly setTimeout = this.clock.setTimeout;
  readonly clearTimeout = this.clock.clearTimeout;

  constructor(locks?: unknown) {
    super();
    this.navigator = { connection: this.connection, locks };
    const begun = () => void this.dialing++;
    const arrived = () => void this.dialing--;
    const ended = () => void this.ended++;
    this.WebSocket = class extends globalThis.WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        begun();
        const once = new AbortController();
        for (const type of ["open", "close"]) {
          this.addEventListener(type, () => (once.abort(), arrived()), { signal: once.signal });
        }
        this.addEventListener("close", () => queueMicrotask(ended));
      }
    };
  }

  /** Watches in this tab, writing every event down. */
  watch(options: WatchOptions): Watching {
    return new Watching(watch(compile, options, this as unknown as typeof globalThis));
  }

  hear(target: EventTarget, type: string): void {
    target.dispatchEvent(new Event(type));
  }
}

type Entry = { [Name in keyof WatchEvents]: [name: Name, event: WatchEvents[Name]] }[keyof WatchEvents];

/** A watch and its log. */
export class Watching {
  readonly watch: TransferWatch;
  readonly log: Entry[] = [];
  #waiting: { done: () => void; test: () => boolean }[] = [];

  constructor(watch: TransferWatch) {
    this.watch = watch;
    for (const name of ["status", "connection", "problem", "scan", "notice", "error", "closed"] as const) {
      watch.on(name, (event) => {
        this.log.push([name, event] as Entry);
        this.#waiting = this.#waiting.filter(({ done, test }) => !test() || done());
      });
    }
  }

  /** What came under this name, in order. */
  all<Name extends keyof WatchEvents>(name: Name): WatchEvents[Name][] {
    return this.log.filter((entry) => entry[0] == name).map((entry) => entry[1]) as WatchEvents[Name][];
  }

  get versions(): unknown[] {
    return this.all("status").map(({ version }) => version);
  }

  /** Waits until the log fulfils `test`; the test runner's timeout is the limit. */
  until(test: (self: this) => boolean): Promise<void> {
    return test(this) ? Promise.resolve() : new Promise((done) => this.#waiting.push({ done, test: () => test(this) }));
  }

  /** Waits for so many events of this name. */
  count(name: keyof WatchEvents, count: number): Promise<void> {
    return this.until((self) => self.all(name).length >= count);
  }
}
