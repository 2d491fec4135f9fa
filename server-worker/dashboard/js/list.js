// The table's body: keeps rows and their order equal to the transfers, and moves a row so that the eye can follow.
import { amountOf } from "./amount.js";
import { el } from "./dom.js";
import { Row } from "./row.js";

const MOVE = { duration: 260, easing: "cubic-bezier(0.2, 0, 0, 1)" };
const FLASH = { backgroundColor: ["var(--accent-tint)", "transparent"] };
const APPEAR = [
  { opacity: 0, transform: "translateY(-6px)" },
  { opacity: 1, transform: "none" },
];
// With more than these at once nobody can follow anything.
const MOST_MOVES = 40;
const SKELETON_ROWS = 8;
// Columns are as wide as what is in them, up to so many characters.
const WIDEST = { id: 40, whole: 22, part: 9 };

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class List {
  #body;
  #rows = new Map();

  constructor(body) {
    this.#body = body;
  }

  get isEmpty() {
    return this.#rows.size === 0;
  }

  /**
   * Shows these entries in this order. With `live`, what is news is made visible as such: what has changed, and what is new
   * since the newest that was shown. An older page is none.
   */
  render(entries, { live, now }) {
    this.#measure(entries);
    const newest = [...this.#rows.values()].reduce((at, row) => (row.updatedAt > at ? row.updatedAt : at), "");
    const places = live && !calm.matches && entries.length > 0 ? this.#places() : null;
    const fresh = new Set();
    const changed = new Set();
    const kept = new Map();
    for (const entry of entries) {
      const { id } = entry.transfer;
      let row = this.#rows.get(id);
      if (!row) {
        row = new Row(entry.transfer, now);
        row.update(entry, now);
        if (entry.transfer.updatedAt > newest) fresh.add(row);
      } else if (row.update(entry, now)) {
        changed.add(row);
      }
      kept.set(id, row);
    }
    this.#rows = kept;
    this.#arrange([...kept.values()].map((row) => row.element));
    if (!live) return;
    // Without motion the mark stays a moment and goes; nothing fades.
    const easing = calm.matches ? "step-end" : "ease-out";
    for (const { element } of [...fresh, ...changed]) element.animate(FLASH, { duration: 1800, easing });
    if (places) this.#animate(places);
  }

  /** Grey rows in the place of those that are on their way. */
  skeleton() {
    this.#rows.clear();
    const names = ["c-status", "c-id", "c-merchant", "c-amount", "c-message", "c-time"];
    const bones = Array.from({ length: SKELETON_ROWS }, (_, n) => {
      const cells = names.map((name) => el("td", { role: "cell", class: name }, el("span", { class: "bone" })));
      const name = n % 2 ? "row skeleton short" : "row skeleton";
      return el("tr", { role: "row", class: name, "aria-hidden": "true" }, ...cells);
    });
    this.#body.replaceChildren(...bones);
  }

  /** The day may have changed. */
  refreshTimes(now) {
    for (const row of this.#rows.values()) row.refreshTime(now);
  }

  // Rows are grids of their own, so the widths that all of them need are told to the table.
  #measure(entries) {
    const most = { id: 8, whole: 4, part: 0 };
    let hasCurrency = false;
    for (const { transfer } of entries) {
      const { whole, part, currency } = amountOf(transfer) ?? { whole: "", part: "", currency: null };
      for (const [name, text] of [
        ["id", transfer.id],
        ["whole", whole],
        ["part", part],
      ]) {
        most[name] = Math.min(Math.max(most[name], text.length), WIDEST[name]);
      }
      hasCurrency ||= currency !== null;
    }
    const table = this.#body.parentElement;
    for (const [name, length] of Object.entries(most)) table.style.setProperty(`--${name}`, `${length}ch`);
    table.style.setProperty("--currency", hasCurrency ? "4ch" : "0ch");
  }

  // A row in its place already is not touched: moving it would take the focus and the selection away.
  #arrange(wanted) {
    const staying = new Set(wanted);
    for (const child of [...this.#body.children]) if (!staying.has(child)) child.remove();
    const focused = this.#body.contains(document.activeElement) ? document.activeElement : null;
    let place = this.#body.firstElementChild;
    for (const element of wanted) {
      if (element === place) place = place.nextElementSibling;
      else this.#body.insertBefore(element, place);
    }
    if (focused && document.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  #places() {
    const places = new Map();
    for (const row of this.#rows.values()) places.set(row.element, row.element.getBoundingClientRect().top);
    return places;
  }

  #animate(places) {
    const moves = [];
    for (const { element } of this.#rows.values()) {
      const { top, bottom } = element.getBoundingClientRect();
      const before = places.get(element);
      const isSeen = bottom > 0 && Math.min(top, before ?? top) < innerHeight;
      if (isSeen && before !== top) moves.push([element, before === undefined ? null : before - top]);
    }
    if (moves.length > MOST_MOVES) return;
    for (const [element, distance] of moves) {
      const frames = distance === null ? APPEAR : [{ transform: `translateY(${distance}px)` }, { transform: "none" }];
      element.animate(frames, MOVE);
    }
  }
}
