/** What the checkout makes of the shop's answer. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { begin, type CheckoutRequest } from "../../src/checkout/request.ts";
import { ShopError } from "../../src/checkout/view.ts";

const answer: CheckoutRequest = {
  transferRequestId: "order-1042",
  signature: "eyJ0cm",
  expiry: 4_000_000_000,
  url: "https://status.example.com",
  qr: "https://pay.example.com/t/order-1042#s=eyJ0cm",
};

test("an answer with no address or no code is told by the field that is missing, and nothing hangs", () => {
  assert.equal(begin(answer).request, answer);
  for (const name of Object.keys(answer)) {
    const { [name as keyof CheckoutRequest]: _, ...rest } = answer;
    assert.throws(() => begin(rest as CheckoutRequest), { constructor: ShopError, message: new RegExp(`^${name} is`) });
  }
  assert.throws(() => begin(undefined as unknown as CheckoutRequest), ShopError);
});

test("the shop's clock decides how long a code is valid", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_732_320_000_000 });
  const { ahead, valid } = begin({ ...answer, expiry: 1_732_320_900, now: 1_732_320_060_000 });
  assert.deepEqual([ahead, valid], [60_000, 840_000]);
});
