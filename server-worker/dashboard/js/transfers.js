// The transfers of the list: newest first, each at its newest version, never too many. No page, no clock, no network.

import { admits } from "./filters.js";

/** How many rows one page has. */
export const PAGE = 50;

/** The most rows that are kept, however long somebody goes on loading older ones. */
export const MOST = 1000;

/** Whether `a` is a later state of the same transfer than `b`. The old service sends no version; there time decides. */
export function isNewer(a, b) {
  if (typeof a.version === "number" && typeof b.version === "number") return a.version > b.version;
  return a.updatedAt > b.updatedAt;
}

export class Transfers {
  #entries = new Map();
  #wanted = PAGE;
  #next = null;
  // Rows fell off the end, so the cursor no longer points at what follows the last one.
  #stale = false;
  // What changed while a snapshot was on its way, which may be older than these; null for what was deleted.
  #meanwhile = null;

  /** `filter` is what `filters.js` reads out of an address. */
  constructor(filter) {
    this.filter = filter;
  }

  /** `{transfer, watchers}` newest first; `watchers` is null while nobody has said. */
  rows() {
    return [...this.#entries.values()].sort(
      ({ transfer: a }, { transfer: b }) => order(b.updatedAt, a.updatedAt) || order(b.id, a.id),
    );
  }

  get size() {
    return this.#entries.size;
  }

  /** How many rows the list is meant to have, if there are as many. */
  get wanted() {
    return this.#wanted;
  }

  /** Whether the server has older ones that could be loaded. */
  get hasOlder() {
    return this.#next !== null || this.#stale;
  }

  /** Whether no more may be loaded. */
  get isFull() {
    return this.#wanted >= MOST;
  }

  /** The cursor behind the last row; null when there is none, or when it is no longer true. */
  get cursor() {
    return this.#stale ? null : this.#next;
  }

  /** Rows left the list (another status now), and the server has older ones to fill it up. */
  get isThin() {
    return this.hasOlder && this.#entries.size < this.#wanted / 2;
  }

  /** Asks for one more page of rows. */
  wantMore() {
    this.#wanted = Math.min(this.#wanted + PAGE, MOST);
  }

  /** A snapshot has been asked for: what changes from now on outlives it. */
  beginSnapshot() {
    this.#meanwhile = new Map();
  }

  /** The snapshot that was asked for does not come. */
  abandonSnapshot() {
    this.#meanwhile = null;
  }

  /** The newest transfers are these; `next` is the cursor behind them. */
  replace(transfers, next) {
    const before = this.#entries;
    const meanwhile = this.#meanwhile ?? new Map();
    this.#entries = new Map();
    this.#stale = false;
    // What the snapshot does not have has left the list, unless it came meanwhile.
    const kept = transfers.map(({ id }) => before.get(id)).filter(Boolean);
    this.#take(transfers, next);
    for (const { transfer, watchers } of [...kept, ...meanwhile.values()].filter(Boolean)) {
      if (meanwhile.get(transfer.id) !== null) this.#merge(transfer, watchers);
    }
    this.#trim();
  }

  /** One page more, asked for with `cursor`. */
  append(transfers, next) {
    this.#take(transfers, next);
    this.#trim();
  }

  // A page of the server's, but for what was deleted while it was on its way.
  #take(transfers, next) {
    const meanwhile = this.#meanwhile;
    this.#meanwhile = null;
    this.#next = next;
    for (const transfer of transfers) if (meanwhile?.get(transfer.id) !== null) this.#merge(transfer, null);
  }

  /** A transfer has changed: `"added"`, `"changed"`, `"removed"` (it no longer matches the filter) or `"same"`. */
  merge(transfer, watchers = null) {
    const outcome = this.#merge(transfer, watchers);
    const noted = this.#meanwhile?.get(transfer.id);
    if (!noted || isNewer(transfer, noted.transfer)) this.#meanwhile?.set(transfer.id, { transfer, watchers });
    this.#trim();
    return outcome;
  }

  /** A transfer was deleted. */
  remove(id) {
    this.#meanwhile?.set(id, null);
    this.#entries.delete(id);
  }

  #merge(transfer, watchers) {
    const known = this.#entries.get(transfer.id);
    if (known && !isNewer(transfer, known.transfer)) {
      known.watchers = watchers ?? known.watchers;
      return "same";
    }
    if (!admits(this.filter, transfer)) {
      return this.#entries.delete(transfer.id) ? "removed" : "same";
    }
    this.#entries.set(transfer.id, { transfer, watchers: watchers ?? known?.watchers ?? null });
    return known ? "changed" : "added";
  }

  #trim() {
    const surplus = this.#entries.size - this.#wanted;
    if (surplus <= 0) return;
    for (const { transfer } of this.rows().slice(-surplus)) this.#entries.delete(transfer.id);
    this.#stale = true;
  }
}

// By code unit, as the server sorts; ids and times are ASCII.
function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
