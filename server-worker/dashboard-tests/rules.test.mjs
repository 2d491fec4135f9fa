// The rules below the page: what the list keeps, how long a wait is, how a time and a number are written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../dashboard/js/feed.js";
import { Deliveries } from "../dashboard/js/deliveries.js";
import { amountOf, amountText } from "../dashboard/js/amount.js";
import { csvOf, fileName, jsonOf } from "../dashboard/js/export.js";
import { addressOf, isTransferId, openTransfer, readFilters } from "../dashboard/js/filters.js";
import { duration, running } from "../dashboard/js/format.js";
import { numberText, parse } from "../dashboard/js/json.js";
import { MOST, PAGE, Transfers } from "../dashboard/js/transfers.js";

const ANY = { status: "", merchantId: "" };
const at = (second) => new Date(Date.UTC(2024, 0, 15, 10, 0, second)).toISOString();
const transfer = (id, second, more = {}) => ({ id, status: "pending", version: 1, updatedAt: at(second), ...more });
const ids = (list) => list.rows().map((each) => each.transfer.id);

test("an older version never replaces a newer one", () => {
  const list = new Transfers(ANY);
  assert.equal(list.merge(transfer("a", 5, { version: 2, status: "completed" })), "added");
  assert.equal(list.merge(transfer("a", 4, { version: 1 })), "same");
  assert.equal(list.rows()[0].transfer.status, "completed");
});

test("without versions time decides", () => {
  const list = new Transfers(ANY);
  const old = { id: "a", status: "pending", updatedAt: at(1) };
  list.merge({ ...old, status: "failed", updatedAt: at(2) });
  assert.equal(list.merge(old), "same");
});

test("what changes while a snapshot is on its way outlives it", () => {
  const list = new Transfers(ANY);
  list.replace([transfer("gone", 1)], null);
  list.beginSnapshot();
  list.merge(transfer("new", 9));
  list.merge(transfer("moved", 8, { version: 2 }));
  list.replace([transfer("moved", 2), transfer("other", 3)], null);
  assert.deepEqual(ids(list), ["new", "moved", "other"]);
  assert.equal(list.rows()[1].transfer.version, 2);
});

test("a change that leaves the filter during a snapshot is not undone by it", () => {
  const list = new Transfers({ status: "pending", merchantId: "" });
  list.beginSnapshot();
  assert.equal(list.merge(transfer("a", 5, { version: 2, status: "completed" })), "same", "it was never shown");
  list.replace([transfer("a", 1)], null);
  assert.deepEqual(ids(list), []);
});

test("live rows push the oldest off; the cursor is then no longer true", () => {
  const list = new Transfers(ANY);
  list.replace(
    Array.from({ length: PAGE }, (_, n) => transfer(`t${n}`, n)),
    "cursor",
  );
  assert.equal(list.cursor, "cursor");
  list.merge(transfer("new", 59, { updatedAt: at(90) }));
  assert.equal(list.size, PAGE);
  assert.equal(list.cursor, null);
  assert.equal(list.hasOlder, true);
});

test("the list never grows beyond its most", () => {
  const list = new Transfers(ANY);
  for (let n = 0; n < 2 * MOST; n += 1) {
    list.wantMore();
    list.merge(transfer(`t${n}`, n));
  }
  assert.equal(list.size, MOST);
  assert.equal(list.isFull, true);
});

test("a list that rows left is thin when the server has more", () => {
  const list = new Transfers({ status: "pending", merchantId: "" });
  list.replace(
    Array.from({ length: PAGE }, (_, n) => transfer(`t${n}`, n)),
    "cursor",
  );
  for (let n = 0; n < 26; n += 1) list.merge(transfer(`t${n}`, 60, { version: 2, status: "completed" }));
  assert.equal(list.isThin, true);
});

test("waiting has full jitter, doubles, and is capped", () => {
  assert.equal(
    backoff(0, () => 1),
    500,
  );
  assert.equal(
    backoff(3, () => 1),
    4000,
  );
  assert.equal(
    backoff(60, () => 1),
    30_000,
  );
  assert.equal(
    backoff(5, () => 0),
    0,
  );
});

test("durations have the two units that matter", () => {
  const cases = [
    [0, "0 ms"],
    [350, "350 ms"],
    [4210, "4.2 s"],
    [9999, "9.9 s"],
    [59_999, "59 s"],
    [120_000, "2 min"],
    [123_000, "2 min 3 s"],
    [3_605_000, "1 h"],
    [11_520_000, "3 h 12 min"],
    [187_200_000, "2 d 4 h"],
  ];
  for (const [millis, text] of cases) assert.equal(duration(millis), text);
  assert.equal(running(4999), "4 s");
  assert.equal(running(-50), "1 s", "a viewer's clock that is behind");
});

test("numbers are printed as they came", () => {
  for (const text of ["12.10", "0.1", "12345678901234567890.25", "1e400", "-0"]) {
    assert.equal(numberText(parse(`{"amount":${text}}`).amount), text);
  }
});

test("the address and the filters are the same thing", () => {
  const [from, to] = ["2024-01-15T00:00:00.000Z", "2024-01-16T00:00:00.000Z"];
  const filters = {
    status: "failed",
    merchantId: "a&b=c",
    customerId: "c 1",
    from,
    to,
    delivery: "failing",
    search: "tr_",
  };
  assert.deepEqual(readFilters(new URL(addressOf(filters), "https://host")), filters);
  assert.equal(addressOf({}), "/dashboard");
  assert.equal(readFilters({ search: "?status=nonsense" }).status, "");
  assert.equal(readFilters({ search: "?from=2024-01-15T01:00:00%2B01:00" }).from, from, "any spelling of the instant");
  for (const search of ["?from=soon", `?from=${to}&to=${from}`, "?to=+300000-01-01T00:00:00Z"]) {
    const read = readFilters({ search });
    assert.deepEqual([read.from, read.to], ["", ""], search);
  }
  assert.equal(openTransfer({ hash: "#/t/a%3Ab" }), "a:b");
  assert.equal(openTransfer({ hash: "#/t/%" }), "%");
  assert.equal(openTransfer({ hash: "#transfers" }), null);
});

test("an id is judged as the server does", () => {
  for (const id of ["a", "A.b_c~d:e-9", "x".repeat(128)]) assert.equal(isTransferId(id), true, id);
  for (const id of ["", ".", "..", "a b", "a/b", "ä", "x".repeat(129)]) assert.equal(isTransferId(id), false, id);
});

test("a list of some days and one customer takes in what belongs there, and lets go of what no longer does", () => {
  const list = new Transfers({ ...ANY, customerId: "c", from: at(10), to: at(20) });
  assert.equal(list.merge(transfer("early", 9, { customerId: "c" })), "same");
  assert.equal(list.merge(transfer("first", 10, { customerId: "c" })), "added");
  assert.equal(list.merge(transfer("other", 11, { customerId: "d" })), "same");
  assert.equal(list.merge(transfer("late", 20, { customerId: "c" })), "same", "the end is not in it");
  assert.equal(list.merge(transfer("first", 21, { customerId: "c", version: 2 })), "removed");
  assert.deepEqual(ids(list), []);
});

test("what was deleted stays away, also when a snapshot is on its way", () => {
  const list = new Transfers(ANY);
  list.merge(transfer("gone", 1));
  list.beginSnapshot();
  list.merge(transfer("gone", 2, { version: 2 }));
  list.remove("gone");
  list.replace([transfer("gone", 2, { version: 2 }), transfer("stays", 1)], null);
  assert.deepEqual(ids(list), ["stays"], "the snapshot was made before");
  list.beginSnapshot();
  list.remove("older");
  list.append([transfer("older", 0)], null);
  assert.deepEqual(ids(list), ["stays"], "so was the page");
  list.merge(transfer("older", 3));
  assert.deepEqual(ids(list), ["older", "stays"], "an id may live anew");
});

test("amounts are grouped and keep every digit; a currency says how many decimals there are at least", () => {
  const shown = (amount, metadata) => amountText({ amount: parse(amount), metadata }, "en-GB").replace("\u00a0", " ");
  for (const [amount, currency, text] of [
    ["12.1", "EUR", "12.10 EUR"],
    ["12", "EUR", "12.00 EUR"],
    ["1200", "JPY", "1,200 JPY"],
    ["1.5", "BHD", "1.500 BHD"],
    ["0.0051", "USD", "0.0051 USD"],
    ["-1234.5", "EUR", "-1,234.50 EUR"],
    ["1234567890123456789.25", "EUR", "1,234,567,890,123,456,789.25 EUR"],
    ["12.1", undefined, "12.10"],
    ["12", undefined, "12"],
    ["12", "euro", "12"],
    ["12", 7, "12"],
    ["1e400", undefined, "1e400"],
    ["0.123456789012345678901234", undefined, "0.123456789012345678901234"],
  ]) {
    assert.equal(shown(amount, { currency }), text);
  }
  assert.equal(amountText({}), "");
  assert.deepEqual(amountOf({ amount: 1234.5, currency: "EUR" }, "de"), {
    whole: "1.234",
    part: ",50",
    currency: "EUR",
  });
});

test("no cell of an export is a formula, and every one comes back as it was", () => {
  const hostile = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|x", "%x", "\uff1d1"];
  for (const message of hostile) {
    const cell =
      csvOf([transfer("a", 1, { message })])
        .split("\r\n")[1]
        .split(",")[6] ?? "";
    assert.match(cell, /^"?'/, JSON.stringify(message));
  }
  const csv = csvOf([
    transfer("a", 1, {
      amount: parse("-12.10"),
      currency: "EUR",
      message: 'say "hi", twice\nor more',
      customerId: "c",
    }),
  ]);
  assert.equal(csv[0], "\ufeff");
  const [head, row] = [csv.slice(1, csv.indexOf("\r\n")), csv.slice(csv.indexOf("\r\n") + 2)];
  assert.equal(head, "id,status,amount,currency,merchantId,customerId,message,updatedAt,version");
  assert.equal(row, `a,pending,-12.10,EUR,,c,"say ""hi"", twice\nor more",${at(1)},1\r\n`, "a number stays a number");
});

test("an export as JSON has the numbers of the server", () => {
  const list = [parse('{"id":"a","amount":1234567890123456789.25}')];
  assert.match(jsonOf(list), /"amount": 1234567890123456789\.25\n/);
  assert.equal(fileName("csv", Date.UTC(2024, 0, 15, 10, 30)), "transfers-2024-01-15T10-30-00Z.csv");
});

test("rooms are asked six at a time, once for each state, and again while they owe something", async () => {
  const open = new Map();
  const asked = [];
  const ask = (id) => {
    asked.push(id);
    return new Promise((resolve, reject) => open.set(id, { resolve, reject }));
  };
  const deliveries = new Deliveries(ask, { changed() {}, failed() {} });
  const settle = () => new Promise(setImmediate);
  const list = Array.from({ length: 9 }, (_, n) => transfer(`t${n}`, n));
  const answer = async (id, failing) => {
    open.get(id).resolve({ transfer: list.find((each) => each.id === id), failing });
    await settle();
  };
  deliveries.look(list);
  deliveries.look(list);
  assert.deepEqual([asked.length, deliveries.left], [6, 9]);
  for (const { id } of list) await answer(id, id === "t3" ? { archive: at(30) } : undefined);
  assert.deepEqual([asked.length, deliveries.left], [9, 0]);
  assert.deepEqual([deliveries.of("t3"), deliveries.of("t4")], [{ archive: at(30) }, null]);
  deliveries.look(list);
  assert.equal(asked.length, 9);
  // t8 has changed less than two minutes ago: its room may only just have begun to fail.
  deliveries.lookAgain(list, { all: true, now: Date.parse(at(8)) + 119_999 });
  assert.deepEqual(asked.slice(9), ["t3", "t8"]);
  open.get("t3").reject(Object.assign(new Error("no answer"), { code: "network" }));
  await answer("t8", undefined);
  assert.equal(deliveries.unknown(list), 1);
  deliveries.lookAgain(list, { all: false, now: Date.parse(at(9)) });
  assert.deepEqual(asked.slice(11), ["t3"]);
  open.get("t3").reject(Object.assign(new Error("over"), { code: "unauthorized" }));
  await settle();
  deliveries.lookAgain(list, { all: true, now: Date.parse(at(9)) });
  assert.equal(asked.length, 12, "a session that is over asks nothing more");
});
