/**
 * One socket for the tabs of a browser that watch the same transfer with the same signature.
 *
 * Whoever holds the lock dials; the others follow over a channel. To the session of a follower the channel is a
 * socket like any other, so that silence, loss and backoff are decided where they always are:
 *
 * - A follower that is granted the lock has lost its link: the leader is gone, or its socket is. Its session backs off
 *   and dials anew, with every deadline and its own jitter. The leader's last word, a close code or the final status,
 *   may still be under way, so it has a moment to arrive.
 * - The leader answers only for a socket that has brought a status: a newcomer gets the last one, and pings of
 *   followers go to that socket, whose pongs come back over the channel.
 * - What the server says against one tab (an `error` message) stays there; a close code goes to all.
 *
 * The name of lock and channel holds a digest of the signature: with another signature a tab shares nothing, and goes
 * to the service with its own. The digest keeps the signature out of what the browser shows of locks; it needs no
 * other strength, since who can read the channel can read the page.
 */
import { INPUT_CLOSED, INPUT_FRAME, INPUT_OPENED } from "./core.ts";
import { LOST, type Host, type Link, type Report } from "./link.ts";

/** The text that a session sends after silence. */
export const PING = '{"type":"ping"}';

/** What a newcomer says on the channel. Frames of the server are other texts, a close code is a number. */
const HELLO = "";

/** How long a leader's last word may be under way. */
const LAST_WORD_MS = 200;

/** The text in 44 bits: a number of base 257, more than any two characters differ by, modulo the prime below 2^44. */
const digest = (text: string) => {
  let hash = 1;
  for (const character of text) hash = (hash * 257 + character.charCodeAt(0)) % 17592186044399;
  return hash;
};

/** Makes a dial that shares what `dial` opens among all who use this `url` and `signature`. */
export const sharing = (host: Host, dial: (report: Report) => Link) => {
  // Asked something on the last link, and nobody answered: the leader's tab is frozen, with the lock in its hands.
  let isUnanswered = false;
  // How often a live socket was robbed of its lock since anybody was heard. Where the tabs share locks but no channel
  // they would rob each other for ever: one goes by itself for a link. Where they share both, who robs a live one is
  // hardly ever unheard twice.
  let thefts = 0;

  return (url: string, signature: string, report: Report): Link => {
    const name = `transfer-status/1 ${url} ${digest(signature)}`;
    let channel: BroadcastChannel;
    try {
      if (thefts > 1) throw (thefts = 0);
      channel = new host.BroadcastChannel(name);
    } catch {
      // Storage is blocked, or nobody hears this tab: it goes by itself.
      return dial(report);
    }
    const queue = new AbortController();
    let socket: Link | undefined;
    let free: (() => void) | undefined;
    let isOver = false;
    /** A leader has been heard over this link. */
    let isFollowing = false;
    /** The last status that the own socket has brought. */
    let last: unknown;

    /** With nothing to be held against who leads, or without. */
    const end = (isFair: unknown) => {
      isOver = true;
      isUnanswered &&= !isFair;
      channel.close();
      queue.abort();
      free?.();
      socket?._drop();
    };
    const lose = (code: number) => {
      if (isOver) return;
      end(true);
      report(INPUT_CLOSED, code);
    };
    const lead = () => {
      if (isOver) return;
      if (isFollowing) return host.setTimeout(lose, LAST_WORD_MS, LOST);
      socket = dial((what, data) => {
        if (what == INPUT_CLOSED) {
          channel.postMessage(data);
          lose(data as number);
        } else {
          report(what, data, (isStatus) => {
            if (isStatus) last = data;
            channel.postMessage(data);
          });
        }
      });
      return new Promise<void>((done) => (free = done));
    };

    channel.onmessage = ({ data }) => {
      thefts = 0;
      if (data == HELLO) last && channel.postMessage(last);
      else if (data == PING) last && socket!._send(PING);
      else if (socket) return;
      else if (data > 0) lose(data);
      else {
        isFollowing = true;
        isUnanswered = false;
        report(INPUT_OPENED);
        report(INPUT_FRAME, data);
      }
    };
    host.navigator.locks
      .request(name, isUnanswered ? { steal: true } : { signal: queue.signal }, lead)
      // Stolen: the thief has a socket of its own. Some frames may not use locks: they go by themselves.
      .catch((error) => {
        if (error.name != "AbortError") lead();
        else {
          if (last) thefts++;
          lose(LOST);
        }
      });

    const ask = (text: string) => {
      isUnanswered = true;
      channel.postMessage(text);
    };
    ask(HELLO);

    return {
      _send: (text) => (socket ? socket._send(text) : ask(text)),
      // Of who sleeps the answer may be under way.
      _drop: (isAsleep) => end(socket || isAsleep),
      _isShared: () => isFollowing,
    };
  };
};
