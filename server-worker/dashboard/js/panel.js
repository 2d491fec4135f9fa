// The side panel: one transfer with its facts and its timeline, kept fresh while it is open.
import { ApiError, timeline } from "./api.js";
import { amountText } from "./amount.js";
import { el, foreign, icon, setText } from "./dom.js";
import { addressOf, isTransferId, NO_FILTERS } from "./filters.js";
import { fullTime, duration, timeElement } from "./format.js";
import { pretty } from "./json.js";
import { badIdState, panelFailedState } from "./states.js";
import { badge, isFinal } from "./status.js";
import { timelineList, totalTime } from "./timeline.js";
import { isNewer } from "./transfers.js";

const SOON_MS = 150;
// Watchers come and go without a change of the transfer.
const LOOK_AGAIN_MS = 15_000;

export class Panel {
  #dialog;
  #on;
  #id = null;
  #answer = null;
  #timers = [];
  #soon = null;
  #tick = () => {};
  #title = el("h2", { id: "panel-title", tabindex: "-1" });
  #copy = iconButton("copy", "Copy the id");
  #share = iconButton("link", "Copy the link");
  #body = el("div", { class: "panel-body" });

  /**
   * `on.closed()` when the viewer closes it, `on.filter(filters)` to see one merchant's or customer's transfers,
   * `on.remove(id)` to have it deleted, `on.said(text)`, `on.learned(transfer, failing)` for each answer.
   */
  constructor(dialog, on) {
    this.#dialog = dialog;
    this.#on = on;
    const close = iconButton("close", "Close");
    close.addEventListener("click", () => dialog.close());
    this.#copy.addEventListener("click", () => this.#copyText(this.#copy, this.#id, "The id is copied"));
    // The address has the filters and the transfer, and no secret: whoever opens it signs in.
    this.#share.addEventListener("click", () => this.#copyText(this.#share, location.href, "The link is copied"));
    this.#copy.hidden = !navigator.clipboard;
    this.#share.hidden = !navigator.clipboard;
    dialog.append(el("div", { class: "panel-head" }, this.#title, this.#copy, this.#share, close), this.#body);
    dialog.addEventListener("close", () => this.#closed());
    // The dialog fills its own box with children, so a click on itself is one on the backdrop.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  /** Shows the transfer `id`; null closes the panel. */
  show(id) {
    if (id === this.#id) return;
    this.#reset();
    this.#id = id;
    if (id === null) {
      this.#dialog.close();
      return;
    }
    setText(this.#title, id);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#title.focus();
    if (!isTransferId(id)) {
      this.#body.replaceChildren(badIdState());
      return;
    }
    this.#body.replaceChildren(bones());
    this.#body.setAttribute("aria-busy", "true");
    this.#timers = [
      setInterval(() => this.#tick(Date.now()), 1000),
      setInterval(() => document.hidden || this.#fetch(), LOOK_AGAIN_MS),
    ];
    this.#fetch();
  }

  /** The feed says that a transfer has changed. */
  change(transfer) {
    if (transfer.id === this.#id && (!this.#answer || isNewer(transfer, this.#answer.transfer))) this.refresh();
  }

  /** A transfer was deleted: if it is this one, the next look says so. */
  remove(id) {
    if (id === this.#id) this.refresh();
  }

  /** Something may have been missed, or has changed: looks again, once for several calls. */
  refresh() {
    if (this.#id !== null && isTransferId(this.#id)) this.#soon ??= setTimeout(() => this.#fetch(), SOON_MS);
  }

  async #fetch() {
    clearTimeout(this.#soon);
    this.#soon = null;
    const id = this.#id;
    try {
      const answer = await timeline(id);
      this.#on.learned(answer.transfer, answer.failing);
      if (id === this.#id) this.#render(answer);
    } catch (error) {
      if (id === this.#id) this.#failed(error);
    }
  }

  #failed(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "unauthorized") this.#on.failed(error);
    // What was known stays while the server is away, which the banner says; not of what was deleted.
    if (this.#answer && error.code !== "not_found") return;
    this.#answer = null;
    this.#tick = () => {};
    this.#body.removeAttribute("aria-busy");
    this.#body.replaceChildren(panelFailedState({ id: this.#id, error, onRetry: () => this.refresh() }));
  }

  #render(answer) {
    const { transfer, timeline: entries = [], watchers = 0, failing = {} } = answer;
    // A control that has the focus is made anew, and keeps it.
    const focused = this.#body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const scrolled = this.#body.scrollTop;
    const hadOpen = this.#body.querySelector("details")?.open ?? false;
    this.#answer = answer;
    const steps = timelineList(entries, Date.now());
    this.#tick = steps.tick;
    const took = totalTime(entries);
    const heading = isFinal(transfer.status) && took !== null ? `Took ${duration(took)}` : null;
    this.#body.removeAttribute("aria-busy");
    this.#body.replaceChildren(
      this.#summary(transfer, watchers, entries.at(-1)),
      ...undelivered(failing),
      this.#facts(transfer),
      el(
        "section",
        { "aria-labelledby": "timeline-title" },
        el(
          "div",
          { class: "section-head" },
          el("h3", { id: "timeline-title" }, "Timeline"),
          heading ? el("p", {}, heading) : null,
        ),
        steps.element,
      ),
      ...(transfer.metadata ? [metadata(transfer.metadata, hadOpen)] : []),
      this.#removal(transfer.id),
    );
    this.#body.scrollTop = scrolled;
    if (focused) this.#body.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  }

  #summary(transfer, watchers, last) {
    // Most often the newest step of the timeline says the same.
    const isSaidBelow = !transfer.message || transfer.message === last?.message;
    const isOne = watchers === 1;
    const words = watchers === 0 ? "Nobody is watching" : `${watchers} ${isOne ? "watcher" : "watchers"} now`;
    return el(
      "div",
      { class: "summary" },
      el("div", { class: "summary-line" }, badge(transfer.status), el("p", { class: "watching" }, icon("eye"), words)),
      transfer.amount === undefined ? null : amount(amountText(transfer)),
      isSaidBelow ? null : el("p", { class: "summary-message" }, foreign(transfer.message)),
    );
  }

  #facts(transfer) {
    const rows = [
      transfer.merchantId ? ["Merchant", this.#partyLink("merchant", transfer.merchantId)] : null,
      transfer.customerId ? ["Customer", this.#partyLink("customer", transfer.customerId)] : null,
      ["Updated", timeElement(transfer.updatedAt, fullTime(transfer.updatedAt))],
      transfer.version === undefined ? null : ["Version", String(transfer.version)],
    ];
    const pairs = rows.filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
    return el("dl", { class: "facts" }, ...pairs);
  }

  #partyLink(who, id) {
    const filters = { ...NO_FILTERS, [`${who}Id`]: id };
    const link = el("a", { href: addressOf(filters), title: `Show only this ${who}` }, foreign(id));
    link.dataset.key = who;
    link.addEventListener("click", (event) => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.#on.filter(filters);
    });
    return link;
  }

  #removal(id) {
    const button = el("button", { type: "button", class: "button danger" }, icon("trash"), "Delete this transfer");
    button.dataset.key = "remove";
    button.addEventListener("click", () => this.#on.remove(id));
    return el("p", { class: "panel-foot" }, button);
  }

  async #copyText(button, text, words) {
    try {
      await navigator.clipboard.writeText(text);
      this.#on.said(words);
      const [sign] = button.children;
      sign.replaceWith(icon("done"));
      button.classList.add("done");
      setTimeout(() => {
        button.firstElementChild.replaceWith(sign);
        button.classList.remove("done");
      }, 1200);
    } catch {
      this.#on.said("The browser did not allow copying");
    }
  }

  #closed() {
    // The event comes in a task of its own: by then another address may have opened the panel again.
    if (this.#id === null || this.#dialog.open) return;
    this.#reset();
    this.#on.closed();
  }

  #reset() {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#soon);
    this.#timers = [];
    this.#soon = null;
    this.#tick = () => {};
    this.#id = null;
    this.#answer = null;
  }
}

function iconButton(name, label) {
  const attributes = { type: "button", class: "button quiet icon-only", "aria-label": label, title: label };
  return el("button", attributes, icon(name));
}

const PLACES = { archive: "The archive", list: "The list of recent transfers" };

// What the room could not hand on, and since when.
function undelivered(failing) {
  return Object.entries(PLACES)
    .filter(([place]) => failing[place])
    .map(([place, words]) =>
      el(
        "p",
        { class: "undelivered", role: "status" },
        icon("alert"),
        el(
          "span",
          {},
          `${words} has not taken this transfer since `,
          timeElement(failing[place], fullTime(failing[place])),
          ". Nothing is lost: the server goes on trying.",
        ),
      ),
    );
}

function amount(text) {
  return el("p", { class: text.length > 20 ? "summary-amount long" : "summary-amount" }, foreign(text));
}

function metadata(value, open) {
  return el(
    "details",
    { class: "metadata", open },
    el("summary", {}, "Metadata"),
    el("pre", { tabindex: "0", role: "region", "aria-label": "Metadata as JSON" }, el("code", {}, pretty(value))),
  );
}

function bones() {
  const names = ["bone-badge", "bone-amount", "bone-line", "bone-line", "bone-step", "bone-step"];
  const spans = names.map((name) => el("span", { class: `bone ${name}` }));
  return el("div", { class: "bones", "aria-hidden": "true" }, ...spans);
}
