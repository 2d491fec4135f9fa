/** Faults of sharing, each one line of the sources: the judge has to find every one of them. */
import type { Change } from "./package.ts";

const share = (from: string, to: string): Change => ({ file: "share.ts", from, to });

export const faults: { [name: string]: Change } = {
  "a-newcomer-gets-the-first-status": share("if (isStatus) last = data;", "if (isStatus) last ??= data;"),
  "a-newcomer-gets-no-answer": share(
    "if (data == HELLO) last && channel.postMessage(last);",
    "if (data == HELLO) return;",
  ),
  "a-leader-tells-nobody": share(
    "if (isStatus) last = data;\n            channel.postMessage(data);",
    "if (isStatus) last = data;",
  ),
  "a-follower-dials-behind-its-session": share("if (isFollowing) return host", "if (isOver) return host"),
  "a-last-word-comes-too-late": share("const LAST_WORD_MS = 200;", "const LAST_WORD_MS = 0;"),
  "a-follower-s-ping-goes-nowhere": share(
    "else if (data == PING) last && socket!._send(PING);",
    "else if (data == PING) return;",
  ),
  "a-leader-vouches-for-its-socket": share(
    "else if (data == PING) last && socket!._send(PING);",
    'else if (data == PING) last && channel.postMessage(\'{"type":"pong"}\');',
  ),
  "one-name-for-all-signatures": share("return hash;", "return 1;"),
  "the-lock-is-not-given-back": share("free?.();", ""),
  "who-waits-for-the-lock-waits-on": share("queue.abort();", ""),
  "the-channel-stays-open": share("channel.close();", ""),
  "the-socket-stays-open": share("socket?._drop();", ""),
  "a-silent-leader-keeps-the-lock": share("isUnanswered ? { steal: true } :", ""),
  "a-nap-is-held-against-the-leader": share("end(socket || isAsleep)", "end(socket)"),
  "who-was-robbed-keeps-its-socket": share("          if (last) thefts++;\n          lose(LOST);", ""),
  "who-robs-twice-goes-by-itself-for-ever": share(
    "const queue = new AbortController();",
    "const queue = new AbortController();\n    if (isUnanswered) thefts++;",
  ),
  "errors-are-told-to-all": {
    file: "watch.ts",
    from: 'message?.type != "error") relay',
    to: "true) relay",
  },
  "a-poll-outlives-the-page": {
    file: "watch.ts",
    from: "      // A poll would keep the page from being frozen, or come back to life with it.\n      polling?.abort();",
    to: "",
  },
  "a-loss-is-told-to-nobody": share(
    "channel.postMessage(data);\n          lose(data as number);",
    "lose(data as number);",
  ),
};
