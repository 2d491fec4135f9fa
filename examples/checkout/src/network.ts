/** The line that tells how news travels. It waits before it worries anybody: most gaps close by themselves. */
import type { Connection, TransferWatch } from "@transfer-status/client";

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

/** Follows a watch until it is over. */
export const showNetwork = (watch: TransferWatch): void => {
  const line = element("network");
  let said = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new AbortController();
  const set = (state: Connection | "offline") => {
    line.dataset["state"] = state;
    line.textContent = words[state];
    // Only what the customer may wonder about, and its end. Once all is over the last word is the payment's.
    if (state == "connecting" || state == "closed") return;
    if (said || state != "live") announce(words[state]);
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
  watch.on("closed", () => {
    clearTimeout(timer);
    over.abort();
    line.dataset["state"] = "closed";
    line.textContent = words.closed;
  });
  for (const type of ["online", "offline"]) addEventListener(type, follow, { signal: over.signal });
  follow();
};
