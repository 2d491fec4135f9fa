// JSON whose numbers stay what the server wrote: an amount is shown as it came, never as the nearest double.

/**
 * Parses `text`. A number that JavaScript would print otherwise is kept as `JSON.rawJSON`, where the browser has it.
 */
export function parse(text) {
  return JSON.parse(text, (_key, value, context) => {
    if (typeof value !== "number" || context?.source === undefined || !JSON.rawJSON) return value;
    return String(value) === context.source ? value : JSON.rawJSON(context.source);
  });
}

/** A parsed number as text, digit for digit. */
export function numberText(value) {
  return typeof value === "object" && value !== null ? value.rawJSON : String(value);
}

/** A parsed value as indented JSON. */
export function pretty(value) {
  return JSON.stringify(value, null, 2);
}
