// The statuses with their counts: each a link that filters the list, so that it opens in a new tab as well.
import { el, icon, setText } from "./dom.js";
import { addressOf } from "./filters.js";
import { count } from "./format.js";
import { labelOf, STATUSES } from "./status.js";

export class Tabs {
  #links = new Map();
  #onPick;

  /** `onPick(status)` is called with the word of a status, or with the empty one for all. */
  constructor(nav, { onPick }) {
    this.#onPick = onPick;
    const items = ["", ...STATUSES].map((status) => el("li", {}, this.#tab(status)));
    nav.append(el("ul", {}, ...items));
  }

  /** Marks the filter that is on, and has each link lead to its status with the other filters kept. */
  show(filters) {
    for (const [status, { link }] of this.#links) {
      link.href = addressOf({ ...filters, status });
      if (filters.status === status) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /** `byStatus` maps each status to how many transfers have it. */
  counts(byStatus) {
    const all = Object.values(byStatus).reduce((sum, n) => sum + n, 0);
    for (const [status, { number }] of this.#links) {
      number.classList.remove("bone");
      setText(number, count(status === "" ? all : (byStatus[status] ?? 0)));
    }
  }

  #tab(status) {
    const number = el("span", { class: "tab-count bone" });
    const name = el(
      "span",
      { class: "tab-name" },
      icon(status === "" ? "all" : status),
      status === "" ? "All" : labelOf(status),
    );
    const link = el("a", { class: `tab tone-${status === "" ? "all" : status}` }, name, number);
    link.addEventListener("click", (event) => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.#onPick(status);
    });
    this.#links.set(status, { link, number });
    return link;
  }
}
