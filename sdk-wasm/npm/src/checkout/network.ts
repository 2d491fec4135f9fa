/** The line that tells how news travels. It waits before it worries anybody: most gaps close by themselves. */
import type { TransferWatch } from "../types.ts";
import type { Card } from "./card.ts";

/** How long a gap lasts before it is mentioned, in milliseconds. */
const PATIENCE = 1_200;

/** Follows a watch until it is over. */
export const followNetwork = (watch: TransferWatch, card: Card, signal: AbortSignal): void => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Reads what it is at this moment. */
  const state = () => (!navigator.onLine && !/live|closed/.test(watch.connection) ? "offline" : watch.connection);
  /** What a customer can do about it; nothing is said of what passes by itself. */
  const words = () => {
    const { kind, attempts } = watch.problem ?? {};
    const now = state();
    if (/^(connecting|reconnecting)$/.test(now)) {
      if (kind == "not-the-service" || kind == "redirect") return card.texts.portal;
      if (/^(unreachable|timeout)$/.test(kind ?? "") && attempts! > 2) return card.texts.unreachable;
    }
    return (card.texts as unknown as Record<string, string | undefined>)[now] ?? "";
  };
  const set = () => signal.aborted || card.showNetwork(state(), words());
  const follow = () => {
    clearTimeout(timer);
    if (/^(live|connecting|closed)$/.test(state())) set();
    else timer = setTimeout(set, PATIENCE);
  };
  const off = new AbortController();
  watch.on("connection", follow);
  watch.on("problem", follow);
  watch.on("closed", () => off.abort());
  signal.addEventListener("abort", () => clearTimeout(timer));
  for (const type of ["online", "offline"]) addEventListener(type, follow, { signal: off.signal });
  follow();
};
