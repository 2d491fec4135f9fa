// Tells this service of what is open in the earlier one: posts each transfer of a list as a signed update.
//
//   HMAC_SECRET=… node tools/move-over.mjs open.jsonl --url https://status-new.example.com [--dry-run]
//
// The list has a line a transfer, as the earlier service's `GET /transfers` gives them:
// {"id","status","details"?,"amount"?,"merchantId"?,"customerName"?,"metadata"?}; whole answers of it, an array or {"transfers":[…]} on a
// line, are taken too. Each is posted as what nobody has reported yet (`ifVersion` 0), so that it undoes nothing that a
// backend has reported here in the meantime. It may be run again and goes on where it ended: what is done stands in
// `open.jsonl.done`, and what was posted twice changes nothing. Ends with 1 when something could not be posted.
import { createHmac } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

/** The words of the earlier service. */
const STATUSES = {
  PENDING: "pending",
  PROCESSING: "processing",
  IN_FLIGHT: "processing",
  COMPLETED: "completed",
  PAID: "completed",
  SETTLED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
};
/** How often an update is sent, where the service asks to come back. */
const ATTEMPTS = 8;
const LONGEST_PAUSE_S = 30;

/** The transfers of a line. Numbers stay as they are written: an amount is never another one. */
function transfersOf(line) {
  const read = JSON.parse(line, (_, value, { source }) => (typeof value === "number" ? JSON.rawJSON(source) : value));
  return Array.isArray(read) ? read : (read.transfers ?? [read]);
}

/** The body of the update that says the same as `transfer` of the earlier service, as text. */
function bodyOf({ id, status, details, amount, merchantId, customerName, metadata }) {
  const word = STATUSES[status];
  if (typeof id !== "string" || word === undefined) throw new Error(`no transfer, or no known status: ${status}`);
  const fields = { message: details, amount, merchantId, customerId: customerName, metadata };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return JSON.stringify({ transferId: id, status: word, ...Object.fromEntries(given), ifVersion: 0 });
}

async function post(url, secret, body) {
  for (let attempt = 1; ; attempt += 1) {
    const timestamp = Math.floor(Date.now() / 1_000).toString();
    const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
    const headers = { "content-type": "application/json", "x-timestamp": timestamp, "x-signature": signature };
    let answer;
    try {
      answer = await fetch(new URL("/update", url), { method: "POST", headers, body, redirect: "error" });
      if (answer.status !== 503 && answer.status !== 429) return { status: answer.status, text: await answer.text() };
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
    if (attempt === ATTEMPTS) return { status: answer.status, text: await answer.text() };
    const asked = Number(answer?.headers.get("retry-after")) || 2 ** attempt / 10;
    await pause(1_000 * Math.min(asked, LONGEST_PAUSE_S));
  }
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { url: { type: "string" }, "dry-run": { type: "boolean", default: false } },
});
const [list] = positionals;
const secret = process.env.HMAC_SECRET?.trim();
if (!list || !options.url || !secret) {
  console.error("error: needs a list, --url and HMAC_SECRET; see the first lines of this file");
  process.exit(2);
}
const journal = `${list}.done`;
const done = new Set(existsSync(journal) ? readFileSync(journal, "utf8").split("\n") : []);
const counts = { posted: 0, known: 0, "done before": 0, refused: 0 };
for (const [index, line] of readFileSync(list, "utf8").split("\n").entries()) {
  if (line.trim() === "") continue;
  let transfers = [];
  try {
    transfers = transfersOf(line);
  } catch (error) {
    counts.refused += 1;
    console.error(`line ${index + 1}: ${error.message}`);
  }
  for (const transfer of transfers) {
    const id = transfer?.id;
    if (done.has(id)) {
      counts["done before"] += 1;
      continue;
    }
    try {
      const body = bodyOf(transfer ?? {});
      if (options["dry-run"]) {
        console.log(body);
        continue;
      }
      const { status, text } = await post(options.url, secret, body);
      // Of a conflict: this service has heard of it already, and knows better.
      if (status !== 200 && status !== 409) throw new Error(`${status} ${text}`);
      counts[status === 200 ? "posted" : "known"] += 1;
      done.add(id);
      appendFileSync(journal, `${id}\n`);
    } catch (error) {
      counts.refused += 1;
      console.error(`line ${index + 1}, ${id}: ${error.message}`);
    }
  }
}
console.log(
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(", "),
);
process.exitCode = counts.refused > 0 ? 1 : 0;
