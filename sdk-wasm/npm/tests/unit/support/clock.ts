/** Virtual time for the driver: `setTimeout` and `Date.now` that move only when a test says so. */

export class Clock {
  #now = 1_700_000_000_000;
  #next = 1;
  #timers = new Map<number, { at: number; run: () => void }>();

  readonly Date = { now: () => this.#now } as typeof Date;
  readonly setTimeout = ((run: (...args: unknown[]) => void, ms: number, ...args: unknown[]) => {
    this.#timers.set(this.#next, { at: this.#now + Math.max(0, ms), run: () => run(...args) });
    return this.#next++;
  }) as unknown as typeof setTimeout;
  readonly clearTimeout = ((id: number) => void this.#timers.delete(id)) as unknown as typeof clearTimeout;

  /** The time of the next timer, from now; `undefined` when there is none. */
  get due(): number | undefined {
    const first = this.#first();
    return first && first[1].at - this.#now;
  }

  /** Lets so many milliseconds pass, and runs what is due on the way. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let first = this.#first(); first && first[1].at <= until; first = this.#first()) {
      this.#timers.delete(first[0]);
      this.#now = Math.max(this.#now, first[1].at);
      first[1].run();
    }
    this.#now = until;
  }

  /** A page that was frozen: time passes, no timer runs. */
  skip(ms: number): void {
    this.#now += ms;
  }

  #first() {
    return [...this.#timers].sort((a, b) => a[1].at - b[1].at)[0];
  }
}
