/** One socket, from dial to close, as the driver holds it. */
import { INPUT_CLOSED, INPUT_FRAME, INPUT_OPENED } from "./core.ts";

/**
 * What a link reports: `INPUT_OPENED`, `INPUT_FRAME` with its data, and `INPUT_CLOSED` with the close code. Nothing
 * comes after the close or after a drop.
 *
 * `relay` passes a frame on to those who follow this link, and says whether it is a status.
 */
export type Report = (what: number, data?: unknown, relay?: (isStatus: boolean) => void) => void;

/** A link that was dialled. */
export interface Link {
  _send(text: string): void;
  /**
   * Closes the socket and forgets it at once: what it still reports is not heard. Harmless when it is gone.
   * `isAsleep`: not for anything that the link did, but because the page is put aside.
   */
  _drop(isAsleep?: boolean): void;
  /** Whether another tab holds the socket. */
  _isShared?(): boolean;
}

/** The code for a link that was lost without a close frame. */
export const LOST = 1006;

/** What the package uses of the global object; a test passes its own. */
export type Host = typeof globalThis & {
  /** Node.js, Deno and Bun. */
  setImmediate?: unknown;
};

/** Opens a socket. One that cannot be made, as by the page's policy, is reported as lost. */
export const dial = (host: Host, url: string, protocols: string[], report: Report): Link => {
  let socket: WebSocket | undefined;
  let isOpen = false;
  const end = (code: number) => {
    report(INPUT_CLOSED, code);
    report = () => {};
  };
  try {
    socket = new host.WebSocket(url, protocols);
    socket.onopen = () => {
      isOpen = true;
      report(INPUT_OPENED);
    };
    socket.onmessage = ({ data }) => report(INPUT_FRAME, data);
    socket.onclose = ({ code }) => end(code);
    // Node.js 22 says no more than this of a handshake that failed.
    socket.onerror = () => isOpen || end(LOST);
  } catch {
    queueMicrotask(() => end(LOST));
  }
  return {
    _send(text) {
      if (isOpen) socket!.send(text);
    },
    _drop() {
      // A socket on a dead network may stay OPEN for minutes, and close long after it was replaced.
      report = () => {};
      socket?.close(1000);
    },
  };
};
