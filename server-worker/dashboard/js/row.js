// One row of the list: made once, then only what changed in its transfer is written again.
import { amountOf } from "./amount.js";
import { el, foreign, icon, setText } from "./dom.js";
import { setTime, shortTime, timeElement } from "./format.js";
import { hashOf } from "./filters.js";
import { badge } from "./status.js";
import { isNewer } from "./transfers.js";

export class Row {
  #status = cell("c-status");
  #link;
  #watchers = el("span", { class: "watchers" });
  #merchant = foreign("");
  #whole = el("span", { class: "whole" });
  #part = el("span", { class: "part" });
  #currency = el("span", { class: "currency" });
  #message = foreign("");
  #owed = el("span", { class: "owed" });
  #time;
  #shown = null;

  constructor(transfer, now) {
    this.#link = el("a", { class: "id", href: hashOf(transfer.id), title: transfer.id }, transfer.id);
    this.#time = timeElement(transfer.updatedAt, "");
    this.element = el(
      "tr",
      { role: "row", class: "row" },
      this.#status,
      cell("c-id", this.#link, this.#watchers),
      cell("c-merchant", this.#merchant),
      cell("c-amount", el("bdi", { class: "amount" }, this.#whole, this.#part, this.#currency)),
      cell("c-message", this.#owed, this.#message),
      cell("c-time", this.#time),
    );
    this.element.dataset.id = transfer.id;
    this.#watchers.hidden = true;
    this.#owed.hidden = true;
    this.#show(transfer, now);
  }

  /** Shows this state of the transfer; says whether it is news, and not the same once more. */
  update({ transfer, watchers, failing }, now) {
    this.#showWatchers(watchers);
    this.#showOwed(failing, now);
    if (transfer === this.#shown) return false;
    const isNews = isNewer(transfer, this.#shown);
    this.#show(transfer, now);
    return isNews;
  }

  /** Since when the transfer is as the row shows it. */
  get updatedAt() {
    return this.#shown.updatedAt;
  }

  /** The day may have changed. */
  refreshTime(now) {
    setTime(this.#time, this.#shown.updatedAt, shortTime(this.#shown.updatedAt, now));
  }

  #show(transfer, now) {
    if (this.#shown?.status !== transfer.status) this.#status.replaceChildren(badge(transfer.status));
    this.#shown = transfer;
    setText(this.#merchant, transfer.merchantId ?? "");
    const { whole, part, currency } = amountOf(transfer) ?? { whole: "", part: "", currency: null };
    setText(this.#whole, whole);
    setText(this.#part, part);
    setText(this.#currency, currency === null ? "" : `\u00a0${currency}`);
    setText(this.#message, transfer.message ?? "");
    this.#message.title = transfer.message ?? "";
    this.refreshTime(now);
  }

  // What the room could not hand on yet; the panel says more.
  #showOwed(failing, now) {
    const [place, since] = Object.entries(failing ?? {})[0] ?? [];
    const words = place ? `Not in the ${place} since ${shortTime(since, now)}` : "";
    if (this.#owed.title === words) return;
    this.#owed.title = words;
    this.#owed.hidden = words === "";
    this.#owed.replaceChildren(icon("alert"), words);
  }

  #showWatchers(watchers) {
    const count = watchers ?? 0;
    if (this.#watchers.dataset.count === String(count)) return;
    this.#watchers.dataset.count = String(count);
    this.#watchers.hidden = count === 0;
    const words = `${count} ${count === 1 ? "watcher" : "watchers"}`;
    this.#watchers.title = words;
    this.#watchers.replaceChildren(
      icon("eye"),
      el("span", { "aria-hidden": "true" }, String(count)),
      el("span", { class: "visually-hidden" }, words),
    );
  }
}

function cell(name, ...children) {
  return el("td", { role: "cell", class: name }, ...children);
}
