// Times, durations and counts as people read them; times in the viewer's zone, with the exact UTC at hand.
import { el, setText } from "./dom.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const counts = new Intl.NumberFormat();

/** `count` with separators: 12,345. */
export function count(value) {
  return counts.format(value);
}

/** The time of day, to the minute. */
export function minuteOf(millis) {
  return minute.format(millis);
}

/** The time of day, to the second. */
export function clockOf(millis) {
  return clock.format(millis);
}

/** Today's times as a clock, older ones with their day. */
export function shortTime(iso, now) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return String(iso);
  const today = new Date(now);
  if (isSameDay(at, today)) return clock.format(at);
  const date = at.getFullYear() === today.getFullYear() ? day.format(at) : dayOfYear.format(at);
  return `${date}, ${minute.format(at)}`;
}

/** Whether two times are on one day of the viewer's zone. */
export function isSameDay(a, b) {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** Date and time, both in full. */
export function fullTime(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? String(iso) : full.format(at);
}

/** `2024-01-15 10:30:00.000 UTC` */
export function exactUtc(iso) {
  return String(iso).replace("T", " ").replace(/Z$/, " UTC");
}

/** A `<time>` that shows `text` and has the exact UTC as its title. */
export function timeElement(iso, text) {
  const time = el("time", {}, text);
  setTime(time, iso, text);
  return time;
}

/** Gives an existing `<time>` another time. */
export function setTime(time, iso, text) {
  if (time.dateTime !== iso) {
    time.dateTime = iso;
    time.title = exactUtc(iso);
  }
  setText(time, text);
}

/** `350 ms`, `4.2 s`, `2 min 3 s`, `3 h 12 min`, `2 d 4 h`: the two units that matter. */
export function duration(millis) {
  if (millis < 1000) return `${Math.max(0, Math.round(millis))} ms`;
  if (millis < 10_000) return `${(Math.floor(millis / 100) / 10).toString()} s`;
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  let seconds = Math.floor(millis / 1000);
  const parts = [];
  for (const [name, size] of units) {
    const amount = Math.floor(seconds / size);
    seconds -= amount * size;
    if (amount > 0) parts.push(`${amount} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** A duration without decimals, for one that is still running. */
export function running(millis) {
  return duration(Math.max(1000, Math.floor(millis / 1000) * 1000)).replace(/\.\d/, "");
}
