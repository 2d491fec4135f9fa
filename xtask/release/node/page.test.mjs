// The shop's own test of its page, on the service within the process.
import assert from "node:assert/strict";
import { test } from "node:test";

import { watchTransfer } from "@transfer-status/client";
import { fakeService } from "@transfer-status/client/testing";

test("a paid order is seen", async (t) => {
  const service = fakeService();
  t.after(() => service.restore());
  const watch = watchTransfer({ url: service.url, transferId: "order-1", signature: "any", share: false });
  service.update("order-1", "completed");
  assert.equal((await watch.finished).status, "completed");
});
