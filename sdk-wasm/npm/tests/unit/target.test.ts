/** The forms in which a transfer and its signature are handed over. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { readTarget } from "../../src/target.ts";
import type { WatchOptions } from "../../src/types.ts";

const read = (options: object) => readTarget({ url: "https://status.example.com", ...options } as WatchOptions);
const signature = "eyJ0+/==.c2ln-_";

test("an id and a signature", () => {
  assert.deepEqual(read({ transferId: "transfer-123", signature }), ["transfer-123", signature]);
});

test("a create-transfer-request answer as it is", () => {
  const answer = { transferRequestId: "transfer-123", merchantId: "m", expiry: 1_732_950_839, signature };
  assert.deepEqual(read(answer), ["transfer-123", signature]);
});

test("a QR payload, in the fragment or the query, percent-encoded or not, with a space for a plus", () => {
  for (const qr of [
    `https://pay.example/t/transfer-123#s=${signature}`,
    `https://pay.example/shop/t/transfer-123?s=${signature}`,
    `https://pay.example/t/transfer-123#s=${encodeURIComponent(signature)}`,
    `https://pay.example/t/transfer-123?a=1&s=${encodeURIComponent(signature).replace("%2B", "%20")}`,
    `https://pay.example/t/transfer-123?s=other#s=${signature}`,
    ` https://pay.example/t/transfer%2D123#x=1&s=${signature}\n`,
    new URL(`https://pay.example/t/transfer-123#s=${signature}`),
  ]) {
    assert.deepEqual(read({ qr }), ["transfer-123", signature], String(qr));
  }
});

test("getSignature stands in for a signature", () => {
  assert.deepEqual(read({ transferId: "transfer-123", getSignature: () => signature }), ["transfer-123", undefined]);
});

test("what cannot be watched is refused at once", () => {
  for (const options of [
    {},
    { transferId: "transfer-123" },
    { signature },
    { transferId: "../x", signature },
    { transferId: "..", signature },
    { transferId: "a b", signature },
    { transferId: "", signature },
    { transferId: "a".repeat(129), signature },
    { transferId: 5, signature },
    { transferId: "transfer-123", signature: "" },
    { qr: "transfer-123" },
    { qr: "https://pay.example/t/transfer-123" },
    { qr: `https://pay.example/t/#s=${signature}` },
    { qr: `https://pay.example/t/%2e%2e#s=${signature}` },
  ]) {
    assert.throws(() => read(options), TypeError, JSON.stringify(options));
  }
});
