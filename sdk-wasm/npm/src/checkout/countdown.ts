/** The time that a code has left. */
import type { Card } from "./card.ts";

/** Seconds before the end at which it is said aloud. */
const LAST_CALL = 60;

/** Counts down to `expiry` (Unix ms by this device's clock) from `valid` ms; returns what stops it. */
export const countDown = (card: Card, expiry: number, valid: number, ended: () => void): (() => void) => {
  let timer: ReturnType<typeof setTimeout>;
  let isCalled = valid <= LAST_CALL * 1000;
  const tick = () => {
    const left = Math.max(0, expiry - Date.now());
    const seconds = Math.ceil(left / 1000);
    card.showTime(seconds, Math.min(1, left / valid));
    if (seconds <= LAST_CALL && !isCalled) {
      isCalled = true;
      card.sayTime(LAST_CALL / 60);
    }
    if (left > 0) timer = setTimeout(tick, left % 1000 || 1000);
    else ended();
  };
  tick();
  return () => clearTimeout(timer);
};
