// Keeps the list true: the first page, what the feed says, gaps healed by a fresh snapshot, older pages on demand.
import { recent } from "./api.js";
import { backoff } from "./feed.js";
import { MOST, Transfers } from "./transfers.js";

const BIGGEST_PAGE = 200;
// Shards open one after the other; one snapshot serves them all.
const HEAL_DELAY_MS = 300;
const REFILL_DELAY_MS = 2_000;
// While paused, only the latest state of each is kept, and not of more than fit on the list.
const MOST_WAITING = MOST;

export class Source {
  #on;
  #transfers;
  #generation = 0;
  // Whether the list has been fetched with these filters.
  #complete = false;
  #loading = false;
  #again = false;
  #older = false;
  #timer = null;
  #timerDue = Infinity;
  #failures = 0;
  #paused = false;
  #missed = false;
  #waiting = new Map();

  /**
   * `on.rows()` when rows may differ; `on.load(state, error)` with `"loading"`, `"ready"` or `"failed"`;
   * `on.merged(outcome, transfer)` for each live change that was taken in.
   */
  constructor(filter, on) {
    this.#on = on;
    this.#transfers = new Transfers(filter);
  }

  get transfers() {
    return this.#transfers;
  }

  get isPaused() {
    return this.#paused;
  }

  get isLoadingOlder() {
    return this.#older;
  }

  /** How many transfers have changed while paused. */
  get waiting() {
    return this.#waiting.size;
  }

  /** Starts over with another filter. */
  filterBy(filter) {
    this.#transfers = new Transfers(filter);
    this.#waiting.clear();
    this.#complete = false;
    this.#forgetLoad();
    this.reload();
  }

  /** Fetches the list from the top; a call while one is under way has it done once more. */
  async reload() {
    clearTimeout(this.#timer);
    this.#timerDue = Infinity;
    if (this.#loading) {
      this.#again = true;
      return;
    }
    await this.#load((transfers, current) => this.#fromTheTop(transfers, current));
  }

  /** Loads one page of older ones. */
  async older() {
    if (this.#older || this.#transfers.isFull) return;
    this.#older = true;
    this.#transfers.wantMore();
    this.#on.rows();
    try {
      await this.#onePageMore();
    } finally {
      this.#older = false;
      this.#on.rows();
    }
  }

  async #onePageMore() {
    const { cursor } = this.#transfers;
    if (cursor === null || this.#loading) {
      await this.reload();
      return;
    }
    await this.#load(async (transfers, current) => {
      const limit = Math.max(1, Math.min(BIGGEST_PAGE, transfers.wanted - transfers.size));
      transfers.beginSnapshot();
      const page = await recent(transfers.filter, { limit, before: cursor });
      if (current()) transfers.append(page.transfers, page.next);
    });
  }

  /** A socket has opened: what it missed is fetched, once for all that open at about the same time. */
  heal() {
    this.#reloadIn(HEAL_DELAY_MS);
  }

  /** The feed says that a transfer has changed. */
  change(transfer, watchers) {
    if (this.#paused) {
      if (this.#waiting.size < MOST_WAITING || this.#waiting.has(transfer.id)) {
        this.#waiting.set(transfer.id, { transfer, watchers });
      } else {
        this.#missed = true;
      }
      this.#on.rows();
      return;
    }
    const outcome = this.#transfers.merge(transfer, watchers);
    if (outcome !== "same") this.#on.merged(outcome, transfer);
    if (this.#transfers.isThin) this.#reloadIn(REFILL_DELAY_MS);
    this.#on.rows();
  }

  /** A transfer was deleted: no row of it stays, also while paused, whatever was on its way. */
  remove(id) {
    this.#transfers.remove(id);
    this.#waiting.delete(id);
    if (this.#transfers.isThin) this.#reloadIn(REFILL_DELAY_MS);
    this.#on.rows();
  }

  /** From now on the rows stand still, whatever is under way. */
  pause() {
    this.#paused = true;
    if (this.#complete && (this.#loading || this.#timerDue < Infinity)) {
      clearTimeout(this.#timer);
      this.#timerDue = Infinity;
      this.#missed = true;
      this.#forgetLoad();
      this.#on.load("ready");
    }
    this.#on.rows();
  }

  /** Takes in what has waited; when more may have happened than that, the list is fetched anew. */
  resume() {
    this.#paused = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { transfer, watchers } of waiting) this.change(transfer, watchers);
    if (this.#missed) this.reload();
    this.#missed = false;
    this.#on.rows();
  }

  async #fromTheTop(transfers, current) {
    transfers.beginSnapshot();
    const found = [];
    let next = null;
    do {
      const limit = Math.min(BIGGEST_PAGE, transfers.wanted - found.length);
      const page = await recent(transfers.filter, { limit, before: next });
      if (!current()) return;
      found.push(...page.transfers);
      next = page.next;
    } while (next !== null && found.length < transfers.wanted);
    transfers.replace(found, next);
  }

  // What is on its way is not taken in when it comes.
  #forgetLoad() {
    this.#transfers.abandonSnapshot();
    this.#generation += 1;
    this.#loading = false;
    this.#again = false;
  }

  async #load(work) {
    const generation = this.#generation;
    const current = () => generation === this.#generation;
    const transfers = this.#transfers;
    this.#loading = true;
    this.#on.load("loading");
    try {
      await work(transfers, current);
      if (!current()) return;
      this.#loading = false;
      this.#failures = 0;
      this.#complete = true;
      this.#on.load("ready");
      this.#on.rows();
    } catch (error) {
      transfers.abandonSnapshot();
      if (!current()) return;
      this.#loading = false;
      this.#on.load("failed", error);
      if (isFinalRefusal(error)) return;
      this.#reloadIn(Math.max(error.retryAfterMs ?? 0, 1000 + backoff(this.#failures, Math.random)));
      this.#failures += 1;
    }
    if (!this.#again) return;
    this.#again = false;
    await this.reload();
  }

  #reloadIn(millis) {
    if (this.#paused && this.#complete) {
      this.#missed = true;
      return;
    }
    const due = Date.now() + millis;
    if (due >= this.#timerDue) return;
    clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = setTimeout(() => this.reload(), millis);
  }
}

// What the server would answer the same way again.
function isFinalRefusal({ status }) {
  return status >= 400 && status < 500 && status !== 429;
}
