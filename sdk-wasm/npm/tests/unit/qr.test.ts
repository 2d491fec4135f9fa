/** QR payloads in both forms, by the cases of an independent implementation; what is none is refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { readTarget } from "../../src/target.ts";
import type { WatchOptions } from "../../src/types.ts";

const { formatQr, parseQr } = (await import(
  new URL("../../dist/qr.js", import.meta.url).href
)) as typeof import("../../src/qr.ts");

interface Case {
  name: string;
  page: string;
  transferId: string;
  signature: string;
  long: string;
  short: string | null;
}
const file = readFileSync(new URL("../../../../protocol/tests/vectors/qr.json", import.meta.url), "utf8");
const { cases } = JSON.parse(file) as { cases: Case[] };
const MAC = "yjMmepJz9pl2bUOT24-M-ckz5k7FTOIgrvobVVryeus";
const SHORT = `m=caf%C3%A9&e=1733231604&h=${MAC}`;

const watched = (qr: string | URL) => readTarget({ url: "https://status.example.com", qr } as WatchOptions);

test("every payload of the other implementation is read in both forms, by parseQr and by a watch", () => {
  assert.equal(cases.length, 16);
  assert.equal(cases.filter(({ short }) => short).length, 10);
  for (const { name, page, transferId, signature, long, short } of cases) {
    const inQuery = long.replace("#s=", "?s=").replaceAll("+", "%2B");
    for (const text of [long, inQuery, ...(short ? [short, short.replace("#", "?")] : [])]) {
      assert.deepEqual(parseQr(text), { page, transferId, signature }, name);
      assert.deepEqual(watched(text), [transferId, signature], name);
      assert.deepEqual(watched(new URL(text)), [transferId, signature], name);
    }
  }
});

test("a payload is written short where that gives the very signature back, else long", () => {
  for (const { name, page, transferId, signature, long, short } of cases) {
    assert.equal(formatQr({ page, transferId, signature }), short ?? long, name);
  }
});

test("what is not the signature's own transfer, or no number of seconds, is never written short", () => {
  const [{ page, signature }] = cases as [Case];
  const other = formatQr({ page, transferId: "another", signature });
  assert.deepEqual(parseQr(other), { page, transferId: "another", signature });
  for (const expiry of ["17332316040000000", "-1", "1e9", "007"]) {
    const payload = `{"transferRequestId":"transfer-1","merchantId":"m","expiry":${expiry}}`;
    const signature = `${btoa(payload)}.${MAC}`;
    assert.match(formatQr({ page, transferId: "transfer-1", signature }), /#s=/, expiry);
  }
});

test("a merchant of any name comes back as it was", () => {
  for (const merchantId of ["", "a&s=b", "#?&=+%", '"\\\u0001\u007f\u2028', "中文💸é", "x".repeat(128)]) {
    const payload = JSON.stringify({ transferRequestId: "transfer-1", merchantId, expiry: 1_733_231_604 });
    const signature = `${Buffer.from(payload).toString("base64")}.${MAC}`;
    const text = formatQr({ page: "https://pay.example", transferId: "transfer-1", signature });
    assert.match(text, /#m=/);
    assert.equal(parseQr(text).signature, signature);
    assert.deepEqual(watched(text), ["transfer-1", signature]);
  }
});

test("a payload is read from the fragment or the query, on a page of any path, encoded or not", () => {
  for (const [text, page, signature] of [
    ["https://pay.example/t/t1#s=a+b/c==.d-e_f", "https://pay.example", "a+b/c==.d-e_f"],
    ["https://pay.example/t/t1#s=a%2Bb%2Fc%3D%3D.d", "https://pay.example", "a+b/c==.d"],
    ["https://pay.example/t/t1?s=a b.c", "https://pay.example", "a+b.c"],
    ["https://pay.example/t/t1?x=1&s=query#y=2&s=fragment", "https://pay.example", "fragment"],
    ["https://pay.example:8443/shop/t/t%31#s=x\n", "https://pay.example:8443/shop", "x"],
    ["https://pay.example/t/shop/t/t1#s=x", "https://pay.example/t/shop", "x"],
    ["http://localhost:8787/t/t1#s=x", "http://localhost:8787", "x"],
    ["http://[::1]:1/t/t1#s=x", "http://[::1]:1", "x"],
    ["http://192.168.1.7:5173/t/t1#s=x", "http://192.168.1.7:5173", "x"],
    ["http://till.local/t/t1#s=x", "http://till.local", "x"],
  ] as const) {
    assert.deepEqual(parseQr(text), { page, transferId: "t1", signature }, text);
  }
});

test("what a scanner bent is read where it can mean one thing only", () => {
  const read = parseQr(`https://pay.example/t/t1#${SHORT}`);
  for (const [text, page] of [
    [`https://pay.example/t/t1%23${SHORT}`, "https://pay.example"],
    [`https://pay.example/t/t1/#${SHORT}`, "https://pay.example"],
    [`https://pay.example/t/t1/%23${SHORT}`, "https://pay.example"],
    [`HTTPS://Pay.Example:8443/Shop/T/t1#${SHORT}`, "https://pay.example:8443/Shop"],
    [`https://pay.example/t/t1#h=${MAC}&x=1&e=1733231604&m=café`, "https://pay.example"],
    [`https://pay.example/t/t1?${SHORT}`, "https://pay.example"],
  ] as const) {
    assert.deepEqual(parseQr(text), { ...read, page }, text);
    // A watch reads the short form in the order in which it is written.
    if (/m=.*&e=.*&h=/.test(text)) assert.deepEqual(watched(text), [read.transferId, read.signature], text);
  }
});

test("what is no payload is refused, and the message does not repeat it", () => {
  const secret = "secret-in-the-code";
  for (const text of [
    "",
    "hello",
    "transfer-123",
    "https://pay.example",
    "https://pay.example/t/",
    "https://pay.example/t/#s=x",
    "https://pay.example/t//#s=x",
    "https://pay.example/t/t1",
    "https://pay.example/t/t1#x=1",
    "https://pay.example/t/t1#s=",
    `https://pay.example/t/a%2Fb#s=${secret}`,
    "https://pay.example/t/..#s=x",
    "https://pay.example/t/%zz#s=x",
    "https://pay.example/t/t1/more#s=x",
    "https://pay.example/t/a b#s=x",
    "https:///t/t1#s=x",
    `http://pay.example/t/t1#s=${secret}`,
    "http://localhost.evil.example/t/t1#s=x",
    "ftp://localhost/t/t1#s=x",
    "javascript://localhost/t/t1#s=x",
    "https://user:pw@pay.example/t/t1#s=x",
    "https://pay.example:99999/t/t1#s=x",
    "https://pay.example:/t/t1#s=x",
    "https://pay.example:+80/t/t1#s=x",
    "http://8.8.8.8/t/t1#s=x",
    "http://134744072/t/t1#s=x",
    "http://2130706433/t/t1#s=x",
    "http://[::ffff:8.8.8.8]/t/t1#s=x",
    "https://pay .example/t/t1#s=x",
    "https://pay.example\\@evil/t/t1#s=x",
    "https://[::g]/t/t1#s=x",
    "https://pay.example/t/t1#s=%ff",
    "https://pay.example/t/t1#s=%C3%A9",
    `https://pay.example/t/t1#m=%ff&e=1&h=${MAC}`,
    `https://pay.example/t/t1#m=m&e=007&h=${MAC}`,
    `https://pay.example/t/t1#m=m&e=-1&h=${MAC}`,
    `https://pay.example/t/t1#m=m&e=1&h=${MAC}x`,
    `https://pay.example/t/t1#m=m&e=1&h=${MAC.slice(1)}`,
    `https://pay.example/t/t1#m=m&h=${MAC}`,
    `https://pay.example/t/t1#s=${"x".repeat(8_192)}`,
    "WIFI:S:cafe;T:WPA;P:secret;;",
  ]) {
    assert.throws(
      () => parseQr(text),
      (error: Error) =>
        error instanceof TypeError && !error.message.includes(secret) && /^the[rs ]?/.test(error.message),
      text,
    );
  }
});

test("what cannot be written as a payload is refused", () => {
  const good = { page: "https://pay.example/", transferId: "transfer-123", signature: "x" };
  assert.equal(formatQr(good), "https://pay.example/t/transfer-123#s=x");
  for (const bad of [
    { page: "pay.example" },
    { page: "https://pay.example?x" },
    { page: "https://pay.example#x" },
    { page: "https://" },
    { page: "http://pay.example" },
    { transferId: "a/b" },
    { transferId: ".." },
    { signature: "" },
    { signature: "é" },
  ]) {
    assert.throws(() => formatQr({ ...good, ...bad }), TypeError, JSON.stringify(bad));
  }
});

test("a watch refuses a code that is none, also where it could ask for a signature", () => {
  for (const qr of [
    "nonsense",
    "https://pay.example/t/",
    "https://pay.example/t/%zz#s=x",
    "https://pay.example/t/a b#s=x",
  ]) {
    const options = { url: "https://status.example.com", qr, getSignature: () => "x" };
    assert.throws(() => readTarget(options), TypeError, qr);
  }
});
