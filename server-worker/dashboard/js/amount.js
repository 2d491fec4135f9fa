// Amounts as people read them: grouped, every digit as it came, cut at the decimal point so that a column can be aligned.
import { numberText } from "./json.js";

const PLAIN = /^-?\d+(?:\.\d+)?$/;
const CURRENCY = /^[A-Z]{3}$/;
// The most that every browser's formatter takes; what has more digits is shown as it came.
const MOST_DIGITS = 20;

const formats = new Map();

/** The currency of a transfer, as the list has it or its metadata; null for none. */
export function currencyOf(transfer) {
  const code = transfer.currency ?? transfer.metadata?.currency;
  return typeof code === "string" && CURRENCY.test(code) ? code : null;
}

/**
 * The amount of a transfer as `{whole, part, currency}`, null where there is none. `part` begins with the decimal
 * separator, and is empty for a whole number of no currency.
 *
 *     amountOf({ amount: 1234.5, currency: "EUR" }, "en") // { whole: "1,234", part: ".50", currency: "EUR" }
 */
export function amountOf(transfer, locale) {
  if (transfer.amount === undefined || transfer.amount === null) return null;
  const text = numberText(transfer.amount);
  const currency = currencyOf(transfer);
  const digits = text.split(".")[1]?.length ?? 0;
  if (!PLAIN.test(text) || digits > MOST_DIGITS) return { whole: text, part: "", currency };
  // With no currency, half a cent's worth of convention: 12.5 is written 12.50, and 12 stays 12.
  const least = currency === null ? (digits === 0 ? 0 : 2) : minorDigits(currency);
  const parts = formatOf(locale, least).formatToParts(text);
  const cut = parts.findIndex(({ type }) => type === "decimal");
  const join = (some) => some.map(({ value }) => value).join("");
  if (cut < 0) return { whole: join(parts), part: "", currency };
  return { whole: join(parts.slice(0, cut)), part: join(parts.slice(cut)), currency };
}

/** The same as one text: `1,234.50 EUR`. */
export function amountText(transfer, locale) {
  const amount = amountOf(transfer, locale);
  if (amount === null) return "";
  return `${amount.whole}${amount.part}${amount.currency === null ? "" : `\u00a0${amount.currency}`}`;
}

function formatOf(locale, least) {
  const key = `${locale} ${least}`;
  if (!formats.has(key)) {
    const digits = { minimumFractionDigits: least, maximumFractionDigits: MOST_DIGITS };
    formats.set(key, new Intl.NumberFormat(locale, { ...digits, useGrouping: "always" }));
  }
  return formats.get(key);
}

function minorDigits(currency) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
}
