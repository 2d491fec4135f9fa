// The time that the list is of: a few usual ones, and any other by its first and last day in the viewer's zone.
import { byId } from "./dom.js";
import { exactUtc } from "./format.js";

const DAY = 1;

/** The usual ones, by name: from which day on, counted from today, and up to before which. */
const USUAL = { today: [0, null], yesterday: [-1, 0], week: [-6, null], month: [-29, null] };

/** The instants `{from, to}` of a usual time. */
export function usual(name, now) {
  const days = USUAL[name];
  if (!days) return { from: "", to: "" };
  const [from, to] = days.map((day) => (day === null ? "" : midnight(now, day)));
  return { from, to };
}

/** Which usual time these instants are; `""` for none at all, `"custom"` for another one. */
export function nameOf({ from, to }, now) {
  if (!from && !to) return "";
  const known = Object.keys(USUAL).find((name) => {
    const each = usual(name, now);
    return each.from === from && each.to === to;
  });
  return known ?? "custom";
}

/** The first instant of the day `text` (`2024-01-15`), or of so many days later; `""` for no day. */
export function startOf(text, later = 0) {
  const [year, month, day] = text.split("-").map(Number);
  const at = new Date(year, month - 1, day + later);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}

/** The day of an instant in the viewer's zone; with `before`, of the moment before it. */
export function dayOf(instant, { before = false } = {}) {
  if (!instant) return "";
  const at = new Date(Date.parse(instant) - (before ? 1 : 0));
  const two = (number) => String(number).padStart(2, "0");
  return `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function midnight(now, day) {
  const at = new Date(now);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + day * DAY).toISOString();
}

export class Period {
  #choice = byId("period");
  #days = byId("days");
  #first = byId("first-day");
  #last = byId("last-day");
  #isOpen = false;

  /** `onPick({from, to})` is called with two instants; an empty one is no bound. */
  constructor({ onPick }) {
    this.#choice.addEventListener("change", () => {
      this.#isOpen = this.#choice.value === "custom";
      this.#days.hidden = !this.#isOpen;
      if (this.#isOpen) this.#first.focus();
      else onPick(usual(this.#choice.value, Date.now()));
    });
    const pick = () => {
      const [from, to] = [startOf(this.#first.value), startOf(this.#last.value, 1)];
      this.#last.min = this.#first.value;
      const isBackwards = from !== "" && to !== "" && from >= to;
      this.#last.setCustomValidity(isBackwards ? "The last day is before the first one." : "");
      if (isBackwards) this.#last.reportValidity();
      else onPick({ from, to });
    };
    this.#first.addEventListener("change", pick);
    this.#last.addEventListener("change", pick);
  }

  /** Shows these instants. */
  show({ from, to }) {
    const name = nameOf({ from, to }, Date.now());
    if (name !== "") this.#isOpen = name === "custom";
    this.#choice.value = name === "" && this.#isOpen ? "custom" : name;
    this.#days.hidden = this.#choice.value !== "custom";
    this.#first.value = dayOf(from);
    this.#last.value = dayOf(to, { before: true });
    this.#last.min = this.#first.value;
    // The days are those of this zone; the instants are what the address says.
    this.#first.title = from ? `from ${exactUtc(from)}` : "";
    this.#last.title = to ? `up to before ${exactUtc(to)}` : "";
  }
}
