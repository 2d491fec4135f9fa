/** One socket, from dial to close, as the driver holds it. */
import { CLOSED, FRAME, OPENED } from "./core.ts";

/**
 * What a link reports: `OPENED`, `FRAME` with its data, `CLOSED` with its code, and `HINT` when a follower's link
 * is an own socket from now on, which is worth a probe. Nothing comes after `CLOSED` or after a drop.
 *
 * `relay` passes a frame on to those who follow this link.
 */
export type Report = (what: number, data?: any, relay?: () => void) => void;

/** A link that was dialled. */
export interface Link {
  _send(text: string): void;
  /**
   * Forgets the socket at once: what it still reports is not heard. Harmless when it is gone. Without a code the page goes to sleep, and
   * the link was not found wanting.
   */
  _drop(code?: number): void;
}

/** The code for a link that was lost without a close frame. */
export const LOST = 1006;

/** What the package uses of the global object; a test passes its own. */
export type Host = typeof globalThis;

/** Opens a socket. */
export const dial = (host: Host, url: string, protocols: string[], report: Report): Link => {
  const socket = new host.WebSocket(url, protocols);
  socket.onopen = () => report(OPENED);
  socket.onmessage = ({ data }) => report(FRAME, data);
  socket.onclose = ({ code }) => report(CLOSED, code);
  return {
    _send(text) {
      if (socket.readyState == 1) socket.send(text);
    },
    _drop(code) {
      // A socket on a dead network may stay OPEN for minutes, and close long after it was replaced.
      report = () => {};
      socket.close(code);
    },
  };
};
