/** Where a signature comes from, and what becomes of one that is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { breath } from "./support/host.ts";
import { status } from "./support/server.ts";
import { follow, server, tab, untilAsked } from "./support/stage.ts";

test("an expired signature is refreshed and the fresh one is used", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, { headers }) => {
    const item = headers["sec-websocket-protocol"]!.split(/, */)[1]!;
    if (item == "signature." + Buffer.from("fresh").toString("base64url")) socket.send(status({ version: 2 }));
    else socket.close(4410);
  };
  const asked: string[] = [];
  const one = follow({
    getSignature: async ({ transferId }: { transferId: string }) => {
      asked.push(transferId);
      return "fresh";
    },
  });
  await untilAsked(2);
  await one.count("status", 1);
  assert.deepEqual(asked, ["transfer-123"]);
});

test("without a signature the first one is asked for, and asked again after a failure", {
  timeout: 60_000,
}, async () => {
  let asked = 0;
  const one = follow({
    signature: undefined,
    getSignature: () => {
      if (++asked == 1) throw new Error("offline");
      return "fresh";
    },
  });
  await untilAsked(1);
  await one.count("status", 1);
  assert.equal(asked, 2);
});

test("getSignature that has none ends the watch", { timeout: 60_000 }, async () => {
  await assert.rejects(follow({ signature: undefined, getSignature: () => null }).watch.finished, {
    code: "no_signature",
  });
  await assert.rejects(follow({ signature: undefined, getSignature: () => "no ✓ text" }).watch.finished, {
    code: "no_signature",
  });
  assert.equal(server.upgrades.length, 0);
});

test("what getSignature throws is told, and it hears why it is asked", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.close(4410);
  const cause = new Error("the backend is being moved");
  const reasons: string[] = [];
  const one = follow({
    getSignature: ({ reason }: { reason: string }) => {
      reasons.push(reason);
      throw cause;
    },
  });
  await untilAsked(1);
  while (one.watch.problem?.kind != "signature-refresh") {
    tab.clock.advance(100);
    await breath();
  }
  assert.equal(one.watch.problem.cause, cause);
  assert.equal(reasons[0], "expired");
  const late = follow({
    signature: undefined,
    getSignature: ({ reason }: { reason: string }) => void reasons.push(reason),
  });
  await late.count("closed", 1);
  assert.equal(reasons.at(-1), "missing");
});

test("a signature that comes after a later request is old", { timeout: 60_000 }, async () => {
  const answers: ((signature: string) => void)[] = [];
  const one = follow({ signature: undefined, getSignature: () => new Promise((answer) => answers.push(answer)) });
  while (!answers.length) await breath();
  while (answers.length < 2) {
    tab.clock.advance(1_000);
    await breath();
  }
  answers[1]!("second");
  answers[0]!("first");
  await one.count("status", 1);
  const offered = server.upgrades[0]!.headers["sec-websocket-protocol"]!;
  assert.match(offered, new RegExp(Buffer.from("second").toString("base64url")));
  server.open[0]!.terminate();
  await untilAsked(2);
  assert.equal(server.upgrades[1]!.headers["sec-websocket-protocol"], offered);
});
