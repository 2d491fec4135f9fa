/** The session's exports (`sdk-wasm/session/src/abi.rs`) and the numbers on either side. */

/** One session: every decision is made in there. */
export interface Core {
  /** Numbers that are left out count as 0, a version as none. */
  input(what: number, now: number, id?: number, code?: number | boolean, version?: number, updatedAt?: number): void;
  output(): number;
  value(): number;
}

/** Makes an instance of the session's module. */
export type Instantiate = () => Promise<WebAssembly.WebAssemblyInstantiatedSource>;

// What happened.
export const TIMEOUT = 0;
export const OPENED = 1;
export const CLOSED = 2;
export const SNAPSHOT = 3;
export const FRAME = 4;
export const POLLED = 5;
export const POLL_FAILED = 6;
export const SIGNED = 7;
export const HINT = 8;
export const CLOSE = 9;
export const START = 10;

// The codes of FRAME.
export const PONG = 0;
export const NOTICE = 1;
export const UNKNOWN = 2;
export const MALFORMED = 3;

// The codes of HINT.
export const ONLINE = 0;
export const OFFLINE = 1;
export const VISIBLE = 2;
export const NETWORK_CHANGED = 4;

/**
 * A fresh session from what `instantiate` makes. Where the page's policy, or the runtime, refuses WebAssembly, the
 * same session in JavaScript is loaded instead.
 */
export const load = async (instantiate: Instantiate): Promise<Core> => {
  try {
    return (await instantiate()).instance.exports as unknown as Core;
  } catch {
    return (await import("./fallback.js")).default();
  }
};
