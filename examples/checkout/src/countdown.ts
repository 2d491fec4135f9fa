/** The time that a code has left. */
import { announce, element } from "./view.ts";

/** Seconds before the end at which it is said aloud. */
const LAST_CALL = 60;

/** Counts down to `expiry` (Unix ms by this device's clock) from `valid` ms; returns what stops it. */
export const countDown = (expiry: number, valid: number, ended: () => void): (() => void) => {
  const [clock, bar] = [element("countdown"), element("countdown-bar")];
  let timer: ReturnType<typeof setTimeout>;
  let called = valid <= LAST_CALL * 1000;
  const tick = () => {
    const left = Math.max(0, expiry - Date.now());
    const seconds = Math.ceil(left / 1000);
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    bar.style.setProperty("--left", String(Math.min(1, left / valid)));
    bar.dataset["urgent"] = String(seconds <= LAST_CALL);
    if (seconds <= LAST_CALL && !called) {
      called = true;
      announce("One minute left to scan the code.");
    }
    if (left > 0) timer = setTimeout(tick, left % 1000 || 1000);
    else ended();
  };
  tick();
  return () => clearTimeout(timer);
};
