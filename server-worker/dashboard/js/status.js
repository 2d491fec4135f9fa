// The statuses: their words, their icons, and how one is shown. A word that is not known is shown as it came.
import { el, foreign, icon } from "./dom.js";

/** The statuses of the protocol, in the order in which a transfer passes them. */
export const STATUSES = ["pending", "processing", "completed", "failed", "cancelled"];

const FINAL = new Set(["completed", "failed", "cancelled"]);

/** Whether a transfer with this status never changes again. */
export function isFinal(status) {
  return FINAL.has(status);
}

/** The name of the icon and of the colour of `status`. */
export function toneOf(status) {
  return STATUSES.includes(status) ? status : "other";
}

/** `status` as a word to read. */
export function labelOf(status) {
  return STATUSES.includes(status) ? status[0].toUpperCase() + status.slice(1) : String(status);
}

/** A coloured badge with icon and word. */
export function badge(status) {
  const tone = toneOf(status);
  return el("span", { class: `badge tone-${tone}` }, icon(tone), foreign(labelOf(status)));
}
