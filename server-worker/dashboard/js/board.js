// The card of transfers: rows or what stands in their place, the line below them, the pause button.
import { byId, el, icon, setText } from "./dom.js";
import { count } from "./format.js";
import { csvOf, download, fileName, jsonOf } from "./export.js";
import { NO_FILTERS } from "./filters.js";
import { List } from "./list.js";
import { menu } from "./menu.js";
import { deliveredState, emptyState, endOfList, failedState } from "./states.js";

// A reload that is quicker than this leaves the old rows as they are.
const DIM_MS = 200;
const MOST_SUGGESTED = 200;

export class Board {
  #rows = byId("rows");
  #table = this.#rows.closest("table");
  #state = byId("list-state");
  #more = byId("more");
  #older = byId("older");
  #end = byId("end");
  #notice = byId("notice");
  #pause = byId("pause");
  #parties = { merchantId: byId("merchants"), customerId: byId("customers") };
  #export = byId("export");
  #list = new List(this.#rows);
  #known = { merchantId: new Set(), customerId: new Set() };
  #shown = [];
  #dimming = null;
  #on;

  /** `on.filter(filters)` to see others, `on.older()` for one page more, `on.retry()` to try again. */
  constructor(on) {
    this.#on = on;
    this.#older.addEventListener("click", on.older);
    menu(this.#export, byId("export-menu"));
    byId("export-csv").addEventListener("click", () => this.#save("csv", "text/csv;charset=utf-8", csvOf));
    byId("export-json").addEventListener("click", () => this.#save("json", "application/json", jsonOf));
    setInterval(() => this.#list.refreshTimes(Date.now()), 60_000);
  }

  /**
   * Shows the rows of `source` that `filters` ask for, and says how many. `load` is `{state, error}`; `settled` says
   * that the rows are those of these filters; with `live`, what is new is made visible as such. `deliveries` knows
   * which could not be handed on.
   */
  draw({ source, filters, load, settled, live, deliveries }) {
    const all = source.transfers.rows().map((each) => ({ ...each, failing: deliveries.of(each.transfer.id) }));
    const wanted = filters.search.toLowerCase();
    const found = all.filter(({ transfer }) => transfer.id.toLowerCase().includes(wanted));
    const shown = filters.delivery === "" ? found : found.filter(({ failing }) => failing !== null);
    this.#shown = settled ? shown : [];
    setText(byId("export-count"), `${count(this.#shown.length)} shown`);
    const isBusy = load.state === "loading";
    this.#rows.setAttribute("aria-busy", String(isBusy));
    this.#dim(isBusy && !settled);
    if (settled) this.#list.render(shown, { live, now: Date.now() });
    else if (this.#rows.childElementCount === 0) this.#list.skeleton();
    this.#drawState({ shown, found, loaded: all.length, filters, load, settled, deliveries, source });
    const isSearch = wanted !== "" || filters.delivery !== "";
    this.#drawMore({ source, isShown: settled && shown.length > 0, isSearch });
    // What the banner says already is not said again.
    const isStale = settled && load.state === "failed" && load.error.code !== "network";
    this.notice(isStale ? `The list could not be refreshed and is tried again: ${load.error.message}` : "");
    this.#drawPause(source);
    this.#suggest(all);
    return shown.length;
  }

  /** One line of trouble above the rows; the empty text takes it away. */
  notice(text) {
    setText(this.#notice, text);
  }

  #save(extension, type, textOf) {
    const text = textOf(this.#shown.map(({ transfer }) => transfer));
    download(fileName(extension, Date.now()), type, text);
  }

  #dim(isDue) {
    if (!isDue) {
      clearTimeout(this.#dimming);
      this.#dimming = null;
      this.#rows.classList.remove("dim");
    } else {
      this.#dimming ??= setTimeout(() => this.#rows.classList.add("dim"), DIM_MS);
    }
  }

  #drawState({ shown, found, loaded, filters, load, settled, deliveries, source }) {
    const hasFailed = load.state === "failed" && !settled;
    const isNeeded = hasFailed || (settled && shown.length === 0);
    this.#state.hidden = !isNeeded;
    this.#table.hidden = isNeeded;
    // The same message is not made again: its button may have the focus.
    const { hasOlder, isFull } = source.transfers;
    const asked = {
      asked: found.length,
      where: filters.search === "" ? "loaded here" : "found here",
      left: deliveries.left,
      unknown: deliveries.unknown(found.map(({ transfer }) => transfer)),
      hasOlder: hasOlder && !isFull,
    };
    const isDelivery = filters.delivery !== "" && found.length > 0;
    const key = isNeeded ? JSON.stringify([hasFailed && load.error.message, filters, isDelivery ? asked : loaded]) : "";
    if (this.#state.dataset.key === key) return;
    this.#state.dataset.key = key;
    this.#state.replaceChildren();
    if (hasFailed) this.#state.append(failedState({ error: load.error, onRetry: this.#on.retry }));
    else if (isNeeded && isDelivery) {
      const onClear = () => this.#on.filter({ ...filters, delivery: "" });
      this.#state.append(deliveredState({ ...asked, onOlder: this.#on.older, onClear }));
    } else if (isNeeded) this.#state.append(this.#emptyState(filters, loaded));
  }

  #drawMore({ source, isShown, isSearch }) {
    const end = endOfList(source.transfers, isSearch);
    this.#more.hidden = !isShown;
    this.#end.hidden = end === null;
    setText(this.#end, end ?? "");
    this.#older.hidden = end !== null;
    // Not `disabled`: that would take the focus away from somebody who goes on loading.
    this.#older.setAttribute("aria-disabled", String(source.isLoadingOlder));
    setText(this.#older, source.isLoadingOlder ? "Loading" : isSearch ? "Search older ones" : "Load older");
  }

  #emptyState(filters, loaded) {
    const cleared = filters.search ? { ...filters, search: "" } : NO_FILTERS;
    return emptyState({ filters, loaded, onClear: () => this.#on.filter(cleared) });
  }

  #drawPause({ isPaused, waiting }) {
    const key = `${isPaused} ${waiting}`;
    if (this.#pause.dataset.key === key) return;
    this.#pause.dataset.key = key;
    const words = el("span", { class: "roomy-only" }, isPaused ? "Resume" : "Pause");
    this.#pause.replaceChildren(icon(isPaused ? "play" : "pause"), words);
    if (waiting > 0) {
      const unit = el("span", { class: "visually-hidden" }, " waiting");
      this.#pause.append(el("span", { class: "pill" }, count(waiting), unit));
    }
  }

  #suggest(entries) {
    for (const { transfer } of entries) {
      for (const [name, options] of Object.entries(this.#parties)) {
        const party = transfer[name];
        const known = this.#known[name];
        if (!party || known.has(party) || known.size >= MOST_SUGGESTED) continue;
        known.add(party);
        options.append(el("option", { value: party }));
      }
    }
  }
}
