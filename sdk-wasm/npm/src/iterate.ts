/** The statuses of a watch as an async iterator: written out, since a generator answers `return()` only after news. */
import type { Transfer } from "./types.ts";

/** What the iterator needs of a watch. */
interface Source {
  /** The newest status. */
  readonly latest: Transfer | undefined;
  close(): void;
}

/**
 * The newest status first, then each that follows; a slow reader may skip some, the final one never.
 *
 * `ended` says why the watch ended: `null` for no reason to throw, `undefined` while it goes on. `heard` resolves at
 * the next event.
 */
export const iterate = (
  watch: Source,
  ended: () => unknown,
  heard: () => Promise<void>,
): AsyncIterableIterator<Transfer, void, undefined> => {
  let seen: Transfer | undefined;
  let isOver = false;
  return {
    async next() {
      while (!isOver) {
        const { latest } = watch;
        const reason = ended();
        if (latest != seen) return { value: (seen = latest)!, done: false };
        if (reason === undefined) await heard();
        else {
          isOver = true;
          if (reason) throw reason;
        }
      }
      return { value: undefined, done: true };
    },
    async return() {
      isOver = true;
      watch.close();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};
