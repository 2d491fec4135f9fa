/** The statuses of a watch as an async iterator: written out, since a generator answers `return()` only after news. */
import type { Transfer } from "./types.ts";

/** What the iterator needs of a watch. */
export interface Source {
  /** The newest status. */
  _latest(): Transfer | undefined;
  /** Why the watch ended; `null` for no reason to throw, `undefined` while it goes on. */
  _ended(): unknown;
  /** Calls `wake` at the next event. */
  _wait(wake: () => void): void;
  _close(): void;
}

/** The newest status first, then each that follows; a slow reader may skip some, the final one never. */
export const iterate = ({
  _latest,
  _ended,
  _wait,
  _close,
}: Source): AsyncIterableIterator<Transfer, void, undefined> => {
  let seen: Transfer | undefined;
  let isOver = false;
  return {
    async next() {
      while (!isOver) {
        const latest = _latest();
        const ended = _ended();
        if (latest != seen) return { value: (seen = latest)!, done: false };
        if (ended === undefined) await new Promise<void>(_wait);
        else {
          isOver = true;
          if (ended) throw ended;
        }
      }
      return { value: undefined, done: true };
    },
    async return() {
      isOver = true;
      _close();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};
