/**
 * The session's exports (`sdk-wasm/session/src/abi.rs`) and the numbers on either side.
 *
 * Each constant is called as its Rust module and itself: `input::OPENED` is `INPUT_OPENED`. A test compares the two.
 */

/** One session: every decision is made in there. */
export interface Core {
  /** Numbers that are left out count as 0, a version as none. So no number at all is a timeout. */
  input(what: number | undefined, now: number, id?: number, code?: number, version?: number, updatedAt?: number): void;
  output(): number;
  /** What stands beside the last output; 0 when left out. */
  value(index?: number): number;
}

/** Compiles the session's module. */
export type Compile = () => Promise<WebAssembly.Module>;

// What happened.
export const INPUT_TIMEOUT = 0;
export const INPUT_OPENED = 1;
export const INPUT_CLOSED = 2;
export const INPUT_SNAPSHOT = 3;
export const INPUT_FRAME = 4;
export const INPUT_POLLED = 5;
export const INPUT_POLL_FAILED = 6;
export const INPUT_SIGNED = 7;
export const INPUT_HINT = 8;
export const INPUT_CLOSE = 9;
export const INPUT_START = 10;

// What to do.
export const OUTPUT_WAIT = 0;
export const OUTPUT_CONNECT = 1;
export const OUTPUT_DROP = 2;
export const OUTPUT_PING = 3;
export const OUTPUT_POLL = 4;
export const OUTPUT_REFRESH = 5;
export const OUTPUT_UPDATE = 6;
export const OUTPUT_NOTICE = 7;
export const OUTPUT_CONNECTION = 8;
export const OUTPUT_CLOSED = 9;
export const OUTPUT_PROBLEM = 10;

export const STAGE_OPEN = 0;
export const STAGE_FINAL = 1;
export const STAGE_UNKNOWN = 2;

export const FRAME_PONG = 0;
export const FRAME_NOTICE = 1;
export const FRAME_UNKNOWN = 2;
export const FRAME_MALFORMED = 3;

export const SIGNED_READY = 0;
export const SIGNED_FAILED = 1;
export const SIGNED_REFUSED = 2;

export const HINT_ONLINE = 0;
export const HINT_OFFLINE = 1;
export const HINT_VISIBLE = 2;
export const HINT_NETWORK_CHANGED = 3;
export const HINT_SUSPEND = 4;
export const HINT_RESUME = 5;

// Why an attempt failed; from 100 on an HTTP status, from 1,000 on a close code.
export const CAUSE_UNREACHABLE = 0;
export const CAUSE_TIMEOUT = 1;
export const CAUSE_NOT_THE_SERVICE = 2;
export const CAUSE_MALFORMED = 3;
export const CAUSE_TOO_MANY_WATCHERS = 4;
export const CAUSE_SIGNATURE_REFRESH = 5;
export const CAUSE_REDIRECT = 6;

// Why the watch ended; else a close code.
export const END_FINAL = 0;
export const END_USER = 1;
export const END_NO_SIGNATURE = 2;

/**
 * A fresh session of the module. Where the page's policy, or the runtime, refuses WebAssembly, the same session in
 * JavaScript is loaded instead; throws when that cannot be fetched either.
 */
export const load = async (compile: Compile): Promise<Core> => {
  try {
    return (await WebAssembly.instantiate(await compile())).exports as unknown as Core;
  } catch {
    return (await import("./fallback.js")).default();
  }
};
