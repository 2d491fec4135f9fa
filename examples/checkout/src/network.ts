/** The line that tells how news travels. It waits before it worries anybody: most gaps close by themselves. */
import type { Connection, Problem, TransferWatch } from "@transfer-status/client";

import { announce, element } from "./view.ts";

/** How long a gap lasts before it is mentioned, in milliseconds. */
const PATIENCE = 1_200;

const words: Record<Connection | "offline", string> = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting. Your payment goes on.",
  polling: "Slow network: checking every few seconds.",
  offline: "You are offline. This page waits for you.",
  closed: "",
};

/** What a customer can do about what keeps the page from its news; nothing is said of what passes by itself. */
const advice = (problem: Problem | null): string => {
  switch (problem?.kind) {
    case "not-the-service":
    case "redirect":
      return "This network asks you to sign in first. Open its sign-in page, or use another network.";
    case "dns":
    case "refused":
    case "unreachable":
    case "timeout":
    case "certificate":
    case "tls":
      return problem.attempts < 3
        ? ""
        : "The payment service cannot be reached. Check your network; your payment goes on.";
    case "too-many-watchers":
      return "Many are looking at this payment. This page will be back soon.";
    default:
      return "";
  }
};

/** Follows a watch until it is over. */
export const showNetwork = (watch: TransferWatch): void => {
  const line = element("network");
  let said = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new AbortController();
  const set = (state: Connection | "offline") => {
    const text = ((state == "connecting" || state == "reconnecting") && advice(watch.problem)) || words[state];
    if (line.dataset["state"] == state && line.textContent == text) return;
    line.dataset["state"] = state;
    line.textContent = text;
    // Only what the customer may wonder about, and its end. Once all is over the last word is the payment's.
    if (state == "closed" || (state == "connecting" && text == words[state])) return;
    if (said || state != "live") announce(text);
    said = state != "live";
  };
  const follow = () => {
    clearTimeout(timer);
    if (over.signal.aborted) return;
    const state = !navigator.onLine && watch.connection != "live" ? "offline" : watch.connection;
    if (state == "live" || state == "connecting" || state == "closed") set(state);
    else timer = setTimeout(set, PATIENCE, state);
  };
  watch.on("connection", follow);
  let kind: string | undefined;
  watch.on("problem", (problem) => {
    // What a developer can mend, once for each kind.
    if (problem && problem.kind != kind) console.warn("the payment cannot be followed live:", problem);
    kind = problem?.kind;
    follow();
  });
  watch.on("closed", () => {
    clearTimeout(timer);
    over.abort();
    line.dataset["state"] = "closed";
    line.textContent = words.closed;
  });
  for (const type of ["online", "offline"]) addEventListener(type, follow, { signal: over.signal });
  follow();
};
