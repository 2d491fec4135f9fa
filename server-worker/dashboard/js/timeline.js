// A transfer's changes, one below the other, with the time that passed between them.
import { el, foreign, icon, setText } from "./dom.js";
import { clockOf, duration, exactUtc, fullTime, isSameDay, running, timeElement } from "./format.js";
import { isFinal, labelOf, toneOf } from "./status.js";

/** The list of steps; `tick(now)` of what is returned keeps the time of an unfinished transfer running. */
export function timelineList(entries, now) {
  const steps = entries.filter((entry) => typeof entry?.status === "string");
  const items = [];
  steps.forEach((step, index) => {
    const before = steps[index - 1];
    if (before) items.push(gap(before, step));
    items.push(item(step, before));
  });
  const last = steps.at(-1);
  const open = last && !isFinal(last.status) ? openEnd(last) : null;
  if (open) items.push(open.element);
  open?.tick(now);
  return { element: el("ol", { class: "timeline" }, ...items), tick: open?.tick ?? (() => {}) };
}

/** How long it took from the first change to the last. */
export function totalTime(entries) {
  const [first, last] = [entries[0], entries.at(-1)];
  return first && last && first !== last ? millisBetween(first, last) : null;
}

function item(step, before) {
  const tone = toneOf(step.status);
  const same = before?.status === step.status;
  // The day is said once, and again when it is another.
  const isSaid = before && isSameDay(before.updatedAt, step.updatedAt);
  const time = isSaid ? clockOf(Date.parse(step.updatedAt)) : fullTime(step.updatedAt);
  return el(
    "li",
    { class: `step tone-${tone}` },
    el("span", { class: "step-icon" }, icon(tone)),
    el(
      "p",
      { class: "step-head" },
      el("strong", {}, foreign(labelOf(step.status))),
      same ? el("span", { class: "step-note" }, "details changed") : null,
      timeElement(step.updatedAt, time),
    ),
    step.message ? el("p", { class: "step-message" }, foreign(step.message)) : null,
    audit(step),
  );
}

// Where the change came from, as far as the server has kept it: which update, when, by which key and request.
function audit({ version, receivedAt, key, request }) {
  const facts = [
    Number.isInteger(version) ? ["Version", String(version)] : null,
    receivedAt ? ["Received", timeElement(receivedAt, exactUtc(receivedAt).slice(11))] : null,
    key ? ["Key", el("code", {}, key)] : null,
    request ? ["Request", el("code", {}, request)] : null,
  ].filter(Boolean);
  if (facts.length === 0) return null;
  const pairs = facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  return el("dl", { class: "audit" }, ...pairs);
}

function gap(before, step) {
  const missing =
    Number.isInteger(before.version) && Number.isInteger(step.version) ? step.version - before.version - 1 : 0;
  return el(
    "li",
    { class: "gap" },
    el("span", { class: "visually-hidden" }, "after "),
    el("bdi", {}, duration(millisBetween(before, step))),
    missing > 0 ? ` · ${missing} ${missing === 1 ? "change" : "changes"} in between not kept` : null,
  );
}

function openEnd(last) {
  const text = el("bdi", {});
  return {
    element: el("li", { class: "gap open" }, text),
    tick: (now) => setText(text, `${running(now - Date.parse(last.updatedAt))} so far`),
  };
}

function millisBetween(a, b) {
  return Math.max(0, Date.parse(b.updatedAt) - Date.parse(a.updatedAt));
}
