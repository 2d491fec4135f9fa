// Tells screen readers what changed, politely: at most one sentence in a while, however much happens.
import { setText } from "./dom.js";
import { labelOf } from "./status.js";

const QUIET_MS = 5_000;

export class Announcer {
  #region;
  #added = 0;
  #changed = 0;
  #latest = null;
  #timer = null;

  constructor(region) {
    this.#region = region;
  }

  /** Says something that the viewer asked for, now. */
  say(text) {
    setText(this.#region, text);
  }

  /** A transfer was added to the list or changed in it: said with the others of these seconds. */
  note(outcome, transfer) {
    if (outcome === "added") this.#added += 1;
    else this.#changed += 1;
    this.#latest = transfer;
    this.#timer ??= setTimeout(() => this.#speak(), QUIET_MS);
  }

  #speak() {
    const parts = [];
    if (this.#added > 0) parts.push(`${this.#added} new`);
    if (this.#changed > 0) parts.push(`${this.#changed} changed`);
    const { id, status } = this.#latest;
    this.say(`${parts.join(", ")}. Latest: ${id}, ${labelOf(status)}.`);
    this.#added = 0;
    this.#changed = 0;
    this.#timer = null;
  }
}
