// What is shown, as a file: CSV that no spreadsheet runs as a formula, and JSON whose numbers are those of the server.
import { currencyOf } from "./amount.js";
import { el } from "./dom.js";
import { numberText, pretty } from "./json.js";

const COLUMNS = {
  id: (transfer) => transfer.id,
  status: (transfer) => transfer.status,
  amount: (transfer) => (typeof transfer.amount === "undefined" ? "" : numberText(transfer.amount)),
  currency: (transfer) => currencyOf(transfer) ?? "",
  merchantId: (transfer) => transfer.merchantId ?? "",
  customerId: (transfer) => transfer.customerId ?? "",
  message: (transfer) => transfer.message ?? "",
  updatedAt: (transfer) => transfer.updatedAt,
  version: (transfer) => transfer.version ?? "",
};
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
// What a spreadsheet may take for the beginning of a formula, in full width as well.
const FORMULA = /^[=+\-@|%\uff1d\uff0b\uff0d\uff20]/;
// And what it may skip before one.
const SKIPPED = /[\s\p{Cc}\p{Cf}]/gu;

/** Transfers as CSV of RFC 4180, with the byte-order mark that spreadsheets want and an apostrophe before any formula. */
export function csvOf(transfers) {
  const names = Object.keys(COLUMNS);
  const rows = transfers.map((transfer) => names.map((name) => cell(COLUMNS[name](transfer))));
  return `\ufeff${[names, ...rows].map((row) => `${row.join(",")}\r\n`).join("")}`;
}

/** Transfers as JSON: an array of them, each as the server lists it. */
export function jsonOf(transfers) {
  return `${pretty(transfers)}\n`;
}

/** `transfers-2024-01-15T10-30-00Z.csv` */
export function fileName(extension, now) {
  const at = new Date(now).toISOString().slice(0, 19).replaceAll(":", "-");
  return `transfers-${at}Z.${extension}`;
}

/** Has the browser keep `text` as a file. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: url, download: name }).click();
  // The download has begun with the click, and goes on without the address.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function cell(value) {
  const text = String(value);
  const safe = FORMULA.test(text.replace(SKIPPED, "")) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n;\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
