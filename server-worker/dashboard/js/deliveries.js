// Which of the listed transfers could not be handed on, to the archive or to the list: only their rooms know that, so each
// is asked, once somebody wants to know.

// Rooms that are asked at once.
const AT_ONCE = 6;
// A delivery that fails is known as one within this time after the change.
const FRESH_MS = 120_000;

export class Deliveries {
  #ask;
  #on;
  // `{updatedAt, failing}` by id; `failing` is null where nothing fails, undefined where there was no answer.
  #known = new Map();
  #queue = new Map();
  #busy = new Set();
  // A session that is over ends all of it.
  #isOver = false;

  /**
   * `ask(id)` gives `{transfer, failing}`; `on.changed()` when something is known that was not; `on.failed(error)` when an
   * answer is refused.
   */
  constructor(ask, on) {
    this.#ask = ask;
    this.#on = on;
  }

  /** What fails of this transfer, by place with since when; null where nothing does, as far as is known. */
  of(id) {
    return this.#known.get(id)?.failing ?? null;
  }

  /** How many answers are still to come. */
  get left() {
    return this.#queue.size + this.#busy.size;
  }

  /** How many of these did not answer. */
  unknown(transfers) {
    return transfers.filter(({ id }) => this.#known.has(id) && this.#known.get(id).failing === undefined).length;
  }

  /** Asks for those that nobody has asked for, or that have changed since. */
  look(transfers) {
    this.#want(transfers.filter(({ id, updatedAt }) => this.#known.get(id)?.updatedAt !== updatedAt));
  }

  /** Asks again for those that fail or gave no answer; with `all`, for those that may have begun to fail, too. */
  lookAgain(transfers, { all, now }) {
    const isDue = ({ id, updatedAt }) => {
      const known = this.#known.get(id);
      return known && (known.failing !== null || (all && now - Date.parse(updatedAt) < FRESH_MS));
    };
    this.#want(transfers.filter(isDue));
  }

  /** The server has said so, whoever asked. */
  note({ id, updatedAt }, failing) {
    const isAny = Boolean(failing && Object.keys(failing).length > 0);
    const before = JSON.stringify(this.of(id));
    this.#known.set(id, { updatedAt, failing: isAny ? failing : null });
    if (JSON.stringify(this.of(id)) !== before) this.#on.changed();
  }

  /** The transfer is gone. */
  remove(id) {
    this.#known.delete(id);
    this.#queue.delete(id);
  }

  #want(transfers) {
    if (this.#isOver) return;
    for (const transfer of transfers) if (!this.#busy.has(transfer.id)) this.#queue.set(transfer.id, transfer);
    while (this.#queue.size > 0 && this.#busy.size < AT_ONCE) this.#next();
  }

  async #next() {
    const [[id, listed]] = this.#queue;
    this.#queue.delete(id);
    this.#busy.add(id);
    try {
      const { transfer, failing } = await this.#ask(id);
      this.note(transfer, failing);
      // The list may be behind its room, and is not asked about for that.
      this.#known.get(id).updatedAt = listed.updatedAt;
    } catch (error) {
      this.#known.set(id, { updatedAt: listed.updatedAt, failing: error.code === "not_found" ? null : undefined });
      this.#isOver ||= error.code === "unauthorized";
      this.#on.failed(error);
    } finally {
      this.#busy.delete(id);
      this.#want([]);
      this.#on.changed();
    }
  }
}
