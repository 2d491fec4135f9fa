// What stands in the place of the rows when there are none, and below them: empty, not found, failed, more to load.
import { el, foreign, icon } from "./dom.js";
import { count } from "./format.js";
import { hashOf, isTransferId, serverQuery } from "./filters.js";
import { labelOf } from "./status.js";

/** Nothing to list: because there is nothing yet, because of the filters, or because of the search. */
export function emptyState({ filters, loaded, onClear }) {
  if (filters.search) return notAmongLoaded(filters.search, loaded, onClear);
  if (String(serverQuery(filters)) !== "") return nothingMatches(filters, onClear);
  return message("all", "No transfers yet", [
    "The first update that a backend posts shows up here by itself. There is no need to reload.",
  ]);
}

/**
 * No transfer with a problem of delivery, of `asked` that are in question: `left` have still to answer, `unknown` did
 * not. `where` says which they are.
 */
export function deliveredState({ asked, where, left, unknown, hasOlder, onOlder, onClear }) {
  const each = asked === 1 ? "The one transfer" : `Each of the ${count(asked)} transfers`;
  if (left > 0) {
    return message("clock", "Looking for delivery problems", [`${each} ${where} is asked. ${count(left)} to go.`]);
  }
  const actions = [...(hasOlder ? [button("Ask older ones", onOlder)] : []), button("Show all transfers", onClear)];
  if (unknown > 0) {
    const words = `${count(unknown)} of ${count(asked)} ${where} did not answer, and ${unknown === 1 ? "is" : "are"} asked again.`;
    return message("alert", "No delivery problem is known", [words], ...actions);
  }
  const words = `${each} ${where} is in the list and in the archive.`;
  return message("done", "No delivery problems", [words], ...actions);
}

/** The list could not be fetched. */
export function failedState({ error, onRetry }) {
  const words = error.code === "network" ? "The server cannot be reached." : `The server says: ${error.message}`;
  return message("alert", "The list could not be loaded", [foreign(words)], button("Try again", onRetry));
}

/** A transfer could not be shown in the panel. */
export function panelFailedState({ id, error, onRetry }) {
  if (error.code === "not_found") {
    return message("search", "No such transfer", [
      "Nothing has been reported for ",
      el("code", {}, id),
      ". Its first update will show up here by itself.",
    ]);
  }
  const words = error.code === "network" ? "The server cannot be reached." : `The server says: ${error.message}`;
  return message("alert", "The transfer could not be loaded", [foreign(words)], button("Try again", onRetry));
}

/** The address asks for something that can be no transfer. */
export function badIdState() {
  return message("alert", "Not a transfer id", ["An id has 1 to 128 letters, digits, and the signs . _ ~ : and -"]);
}

/** Why there are no older ones to load; null when there are. */
export function endOfList({ size, hasOlder, isFull }, isSearch) {
  if (hasOlder && !isFull) return null;
  if (hasOlder) return `The newest ${count(size)}. Narrow the filters to see older ones.`;
  if (isSearch) return `Searched all ${count(size)}`;
  return size === 1 ? "This is the only one" : `These are all ${count(size)}`;
}

function notAmongLoaded(search, loaded, onClear) {
  const among = loaded === 1 ? "the one transfer" : `the ${count(loaded)} transfers`;
  const words = [`None of ${among} loaded here has `, el("code", {}, search), " in its id."];
  if (!isTransferId(search)) {
    words.push(" It cannot be a whole id either: one has only letters, digits, and . _ ~ : -");
    return message("search", "Not found", words, button("Clear the search", onClear));
  }
  const open = el("a", { class: "button primary", href: hashOf(search) }, "Look it up on the server");
  words.push(" The server also finds older ones, by their whole id.");
  return message("search", "Not among those loaded", words, open, button("Clear the search", onClear));
}

function nothingMatches({ status, merchantId, customerId, from, to }, onClear) {
  const words = [`There are no ${status ? `${labelOf(status).toLowerCase()} ` : ""}transfers`];
  if (merchantId) words.push(" of the merchant ", el("code", {}, merchantId));
  if (customerId) words.push(merchantId ? " and the customer " : " of the customer ", el("code", {}, customerId));
  if (from || to) words.push(" in this time");
  // A time that is over brings nothing new.
  words.push(to && Date.parse(to) <= Date.now() ? "." : ". New ones show up by themselves.");
  return message(status || "search", "Nothing here now", words, button("Clear the filters", onClear));
}

function message(iconName, title, words, ...actions) {
  return el(
    "div",
    { class: "message" },
    el("span", { class: "message-icon" }, icon(iconName)),
    el("h3", {}, title),
    el("p", {}, ...words),
    actions.length > 0 ? el("p", { class: "message-actions" }, ...actions) : null,
  );
}

function button(text, onClick) {
  const made = el("button", { type: "button", class: "button" }, text);
  made.addEventListener("click", onClick);
  return made;
}
