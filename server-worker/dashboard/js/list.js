// The table's body: keeps rows and their order equal to the transfers, and moves a row so that the eye can follow.
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

  /** Shows these entries in this order. With `live`, what is new or changed is made visible as such. */
  render(entries, { live, now }) {
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
        fresh.add(row);
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
