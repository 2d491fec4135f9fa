// Updates a minute over the last hour as bars, drawn by hand, with the same said in words.
import { setText, svg } from "./dom.js";
import { count, minuteOf } from "./format.js";

const MINUTE_MS = 60_000;
const HEIGHT = 72;
const STUB = 2;

export class Chart {
  #svg;
  #readout;
  #values = null;
  #endsAt = 0;
  #pointed = null;

  constructor(element, readout) {
    this.#svg = element;
    this.#readout = readout;
    new ResizeObserver(() => this.#draw()).observe(element);
    element.addEventListener("pointermove", (event) => this.#point(event));
    element.addEventListener("pointerleave", () => this.#point(null));
  }

  /** Shows `perMinute`, oldest first; the last minute is the one that runs at `now` (ms). */
  render(perMinute, now) {
    this.#values = perMinute;
    this.#endsAt = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    this.#svg.setAttribute("aria-label", this.#words());
    this.#draw();
    this.#read();
  }

  #words() {
    const values = this.#values;
    const total = sum(values);
    if (total === 0) return `Updates a minute: none in the last ${values.length} minutes`;
    const peak = Math.max(...values);
    const at = minuteOf(this.#timeOf(values.lastIndexOf(peak)));
    return (
      `Updates a minute: ${count(total)} in the last ${values.length} minutes, ` +
      `at most ${count(peak)} in the minute of ${at}, ${count(values.at(-1))} in the current minute`
    );
  }

  #draw() {
    const across = this.#svg.clientWidth;
    if (this.#values === null || across === 0) return;
    const { length } = this.#values;
    const highest = Math.max(...this.#values, 1);
    const step = across / length;
    const gap = step > 8 ? 3 : step > 4 ? 2 : 1;
    const bars = this.#values.map((value, index) => {
      const height = value === 0 ? STUB : Math.max(STUB + 2, Math.round((value / highest) * HEIGHT));
      const kind = [
        "bar",
        value === 0 ? "bar-empty" : "",
        index === length - 1 ? "bar-now" : "",
        index === this.#pointed ? "bar-pointed" : "",
      ]
        .filter(Boolean)
        .join(" ");
      const x = (index * step + gap / 2).toFixed(2);
      const width = (step - gap).toFixed(2);
      return svg("rect", { class: kind, rx: Math.min(2, height / 2), x, y: HEIGHT - height, width, height });
    });
    this.#svg.setAttribute("viewBox", `0 0 ${across} ${HEIGHT}`);
    this.#svg.replaceChildren(...bars);
  }

  #point(event) {
    if (this.#values === null) return;
    const box = this.#svg.getBoundingClientRect();
    const { length } = this.#values;
    const index = event && Math.floor(((event.clientX - box.left) / box.width) * length);
    this.#pointed = event ? Math.min(Math.max(index, 0), length - 1) : null;
    this.#draw();
    this.#read();
  }

  #read() {
    if (this.#pointed !== null) {
      setText(this.#readout, `${minuteOf(this.#timeOf(this.#pointed))} · ${updates(this.#values[this.#pointed])}`);
    } else {
      const peak = Math.max(...this.#values);
      const most = peak > 0 ? ` · peak ${count(peak)}` : "";
      setText(this.#readout, `${updates(sum(this.#values))} in the last hour${most}`);
    }
  }

  #timeOf(index) {
    return this.#endsAt - (this.#values.length - 1 - index) * MINUTE_MS;
  }
}

function updates(number) {
  return number === 0 ? "No updates" : `${count(number)} ${number === 1 ? "update" : "updates"}`;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
