// The dashboard's conductor: reads the address, keeps list, counts, panel and feed in step with it and each other.
import { Announcer } from "./announcer.js";
import { signOut, timeline } from "./api.js";
import { Board } from "./board.js";
import { Chart } from "./chart.js";
import { Deliveries } from "./deliveries.js";
import { byId, setText } from "./dom.js";
import { Feed } from "./feed.js";
import {
  addressOf,
  hashOf,
  isSameQuestion,
  isTransferId,
  NO_FILTERS,
  openTransfer,
  readFilters,
  serverQuery,
} from "./filters.js";
import { count } from "./format.js";
import { Health } from "./health.js";
import { listenForKeys } from "./keys.js";
import { Link } from "./link.js";
import { Panel } from "./panel.js";
import { Period } from "./period.js";
import { Pulse } from "./pulse.js";
import { Removal } from "./removal.js";
import { Source } from "./source.js";
import { labelOf } from "./status.js";
import { Tabs } from "./tabs.js";

// Changes that come together are shown together.
const DRAW_MS = 120;
// Deliveries that fail are tried again by themselves.
const DELIVERIES_MS = 10_000;

const search = byId("search");
const parties = { merchantId: byId("merchant"), customerId: byId("customer") };
const clear = byId("clear");
const pause = byId("pause");
const undelivered = byId("undelivered");

let filters = readFilters(location);
let load = { state: "loading", error: null };
let feed = null;
let drawTimer = null;
// Whether the list shows what the filters ask for. Until it does, rows are not news, and an empty list says nothing.
let settled = false;

const announcer = new Announcer(byId("announcer"));
const chart = new Chart(byId("chart"), byId("pulse-readout"));
const tabs = new Tabs(byId("tabs"), { onPick: (status) => filterBy({ ...filters, status }) });
const link = new Link({ onRetry: retry });
const panel = new Panel(byId("panel"), {
  closed: () => go(addressOf(filters)),
  filter: (wanted) => filterBy(wanted),
  remove: (id) => removal.ask(id),
  failed,
  said: (text) => announcer.say(text),
  learned: (transfer, failing) => deliveries.note(transfer, failing),
});
const deliveries = new Deliveries(timeline, {
  changed: drawSoon,
  failed: (error) => error.code === "unauthorized" && sessionEnded(),
});
const removal = new Removal({
  deleted: (id) => {
    go(addressOf(filters));
    removed(id);
    byId("transfers").focus();
    announcer.say(`${id} is deleted`);
  },
});
const period = new Period({ onPick: (time) => filterBy({ ...filters, ...time }) });
const health = new Health();
const board = new Board({ filter: filterBy, older: () => source.older(), retry });
const source = new Source(filters, {
  rows: drawSoon,
  load: loaded,
  merged: (outcome, transfer) => outcome === "removed" || announcer.note(outcome, transfer),
});
const pulse = new Pulse({ filters: () => filters, stats: showStats, failed });

function drawSoon() {
  drawTimer ??= setTimeout(() => draw(), DRAW_MS);
}

function showStats({ shards, byStatus, perMinute }) {
  tabs.counts(byStatus);
  chart.render(perMinute, Date.now());
  if (feed) return;
  feed = new Feed(shards, {
    change: changed,
    removal: removed,
    state: (open, total) => link.sockets(open, total),
    opened: () => {
      source.heal();
      pulse.changed();
      panel.refresh();
    },
    refused: () => pulse.changed(),
    ended: sessionEnded,
  });
  feed.connect();
}

function changed(transfer, watchers) {
  source.change(transfer, watchers);
  panel.change(transfer);
  pulse.changed();
}

function removed(id) {
  source.remove(id);
  deliveries.remove(id);
  panel.remove(id);
  pulse.changed();
}

function failed(error) {
  if (error.code === "unauthorized") {
    sessionEnded();
  } else if (!feed) {
    // Without the first answer nobody knows how many feeds there are.
    link.unreachable();
    setTimeout(() => pulse.changed(), 2000);
  }
}

function loaded(state, error = null) {
  load = { state, error };
  if (error?.code === "unauthorized") sessionEnded();
  const isFirst = state === "ready" && !settled;
  settled ||= isFirst;
  const shown = draw({ live: !isFirst && settled });
  if (isFirst) announcer.say(`${count(shown)} ${shown === 1 ? "transfer" : "transfers"} shown`);
}

function draw({ live = settled } = {}) {
  clearTimeout(drawTimer);
  drawTimer = null;
  if (filters.delivery && settled) deliveries.look(listed());
  return board.draw({ source, filters, load, settled, live, deliveries });
}

function listed() {
  return source.transfers.rows().map(({ transfer }) => transfer);
}

// Goes to an address and shows what it says.
function go(address, { replace = false } = {}) {
  // Going where one is already leaves no step to go back over.
  if (address !== location.pathname + location.search + location.hash) {
    history[replace ? "replaceState" : "pushState"](null, "", address);
  }
  route();
}

function filterBy(wanted, options) {
  go(addressOf(wanted), options);
}

function route() {
  const before = filters;
  filters = readFilters(location);
  tabs.show(filters);
  if (search.value.trim() !== filters.search) search.value = filters.search;
  for (const [name, field] of Object.entries(parties)) {
    if (field.value.trim() !== filters[name]) field.value = filters[name];
  }
  period.show(filters);
  undelivered.setAttribute("aria-pressed", String(filters.delivery !== ""));
  clear.hidden = addressOf({ ...filters, status: "", search: "" }) === addressOf(NO_FILTERS);
  setText(byId("filter-count"), filterCount(filters));
  const id = openTransfer(location);
  panel.show(id);
  document.title = id === null ? titleOf(filters) : `${id} · Transfer Status`;
  if (!isSameQuestion(before, filters)) {
    settled = false;
    source.filterBy(filters);
    pulse.changed();
  } else if (before.search !== filters.search || before.delivery !== filters.delivery) {
    // Rows that a search hides and shows again are not news either.
    draw({ live: false });
  }
}

// How many of the folded filters are on; the status has its tab, the search its field.
function filterCount(of) {
  const { size } = new Set(
    [...serverQuery({ ...of, status: "" }).keys()].map((name) => (name === "to" ? "from" : name)),
  );
  const all = size + (of.delivery ? 1 : 0);
  return all === 0 ? "" : String(all);
}

function titleOf({ status }) {
  return status ? `${labelOf(status)} · Transfer Status` : "Transfer Status";
}

function retry() {
  feed?.wake();
  source.reload();
  pulse.fetch();
  health.ask();
}

function sessionEnded() {
  const dialog = byId("session-ended");
  if (dialog.open) return;
  feed?.stop();
  link.ended();
  dialog.showModal();
}

byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = search.value.trim();
  if (isTransferId(id)) go(addressOf(filters) + hashOf(id));
});
search.addEventListener("input", () => filterBy({ ...filters, search: search.value.trim() }, { replace: true }));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
for (const [name, field] of Object.entries(parties)) {
  // Enter, a chosen suggestion, a cleared field and leaving the field count as done.
  const done = () => filterBy({ ...filters, [name]: field.value.trim() });
  field.addEventListener("change", done);
  field.addEventListener("search", done);
}
clear.addEventListener("click", () => {
  filterBy({ ...NO_FILTERS, status: filters.status, search: filters.search });
  search.focus();
});
undelivered.addEventListener("click", () => filterBy({ ...filters, delivery: filters.delivery ? "" : "failing" }));
byId("fold").addEventListener("click", () => {
  const isOpen = byId("filters").classList.toggle("open");
  byId("fold").setAttribute("aria-expanded", String(isOpen));
});
listenForKeys(
  { "/": () => search.focus(), p: () => pause.click(), e: () => byId("export").click() },
  { table: byId("rows") },
);
pause.addEventListener("click", () => {
  if (source.isPaused) source.resume();
  else source.pause();
  link.paused(source.isPaused);
  announcer.say(source.isPaused ? "The list is paused" : "The list is live again");
});
byId("rows").addEventListener("click", (event) => {
  // The whole row opens its transfer, unless the click selects text or is on the link itself.
  const id = event.target.closest("a") ? null : event.target.closest("tr")?.dataset.id;
  if (id && getSelection().isCollapsed) go(addressOf(filters) + hashOf(id));
});
byId("sign-out").addEventListener("click", async () => {
  try {
    await signOut();
    location.replace("/dashboard");
  } catch (error) {
    board.notice(`Signing out did not work: ${error.message}`);
  }
});
byId("sign-in-again").addEventListener("click", () => location.reload());
byId("session-ended").addEventListener("cancel", (event) => event.preventDefault());
addEventListener("popstate", route);
addEventListener("hashchange", route);
addEventListener("online", () => {
  feed?.wake();
  source.heal();
  pulse.fetch();
});
document.addEventListener("visibilitychange", () => document.hidden || feed?.wake());

setInterval(() => {
  if (!document.hidden) deliveries.lookAgain(listed(), { all: filters.delivery !== "", now: Date.now() });
}, DELIVERIES_MS);

route();
draw();
source.reload();
pulse.fetch();
health.ask();
