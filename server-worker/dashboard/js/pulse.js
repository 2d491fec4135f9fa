// Fetches the counts and the minutes: soon after a change, at each new minute, never more often than worth it.
import { stats } from "./api.js";

const SOON_MS = 400;
const APART_MS = 3_000;
const MINUTE_MS = 60_000;

export class Pulse {
  #on;
  #asked = -Infinity;
  #timer = null;

  /** `on.filters()` is what to count, `on.stats(answer)` takes each answer, `on.failed(error)` is for none. */
  constructor(on) {
    this.#on = on;
    this.#atNextMinute();
    document.addEventListener("visibilitychange", () => this.changed());
  }

  /** Something has changed that the counts will show. A page that nobody looks at asks for nothing. */
  changed() {
    if (this.#timer !== null || document.hidden) return;
    const wait = Math.max(SOON_MS, this.#asked + APART_MS - performance.now());
    this.#timer = setTimeout(() => this.fetch(), wait);
  }

  /** Asks now. */
  async fetch() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#asked = performance.now();
    const filters = this.#on.filters();
    try {
      const answer = await stats(filters);
      if (filters === this.#on.filters()) this.#on.stats(answer);
      else this.changed();
    } catch (error) {
      this.#on.failed(error);
    }
  }

  #atNextMinute() {
    setTimeout(
      () => {
        this.changed();
        this.#atNextMinute();
      },
      MINUTE_MS - (Date.now() % MINUTE_MS) + 200,
    );
  }
}
