/**
 * One socket for the tabs of a browser that watch the same transfer.
 *
 * Whoever holds the lock dials; the others follow over a channel. To the session of a follower the channel is a
 * socket like any other, so what it does about silence, order and loss is decided where it always is. The lock's
 * queue is the line of succession: a tab that goes away leaves the lock to the next, which dials behind the link
 * that its session already has.
 *
 * On the channel a ping asks for the newest status, any other text is a frame of the server, and `null` says that
 * the leader's socket was lost, upon which every tab backs off by itself instead of dialling at once.
 */
import { CLOSED, FRAME, HINT, OPENED, VISIBLE } from "./core.ts";
import { LOST, type Host, type Link, type Report } from "./link.ts";
import type { Transfer } from "./types.ts";

/** The text that a session sends after silence. */
export const PING = '{"type":"ping"}';

/**
 * Makes a dial that shares what `dial` opens among all who use the same `name`. `newest` gives the last status that
 * this tab knows.
 */
export const sharing = (
  host: Host,
  name: string,
  dial: (report: Report) => Link,
  newest: () => Transfer | undefined,
) => {
  // The leader did not answer: its tab is frozen, with the lock in its hands.
  let silent: unknown;

  return (report: Report): Link => {
    const channel = new host.BroadcastChannel(name);
    const queue = new AbortController();
    let socket: Link | undefined;
    let free: (() => void) | undefined;
    let over = false;

    const end = (code?: number) => {
      over = true;
      channel.close();
      queue.abort();
      free?.();
      socket?._drop(code);
    };
    const lose = (code: unknown) => {
      if (!over) {
        end();
        report(CLOSED, code);
      }
    };
    const lead = () => {
      if (over) return;
      socket = dial((what, data) => {
        if (what == CLOSED) {
          channel.postMessage(null);
          lose(data);
        } else report(what, data, () => channel.postMessage(data));
      });
      report(HINT, VISIBLE);
      return new Promise<void>((done) => (free = done));
    };

    channel.onmessage = ({ data }) => {
      if (data == PING) {
        const transfer = socket && newest();
        if (transfer) channel.postMessage(JSON.stringify({ type: "status", transfer }));
      } else if (data) {
        report(OPENED);
        report(FRAME, data);
      } else if (!socket) lose(LOST);
    };
    channel.postMessage(PING);

    host.navigator.locks
      .request(name, silent ? { steal: true } : { signal: queue.signal }, lead)
      // Stolen: the thief has a socket of its own. Some sandboxed frames may not use locks: they go by themselves.
      .catch((error) => (error.name == "AbortError" ? lose(LOST) : lead()));
    silent = 0;

    return {
      _send: (text) => (socket ? socket._send(text) : channel.postMessage(text)),
      _drop(code) {
        silent = !socket && code;
        end(code);
      },
    };
  };
};
