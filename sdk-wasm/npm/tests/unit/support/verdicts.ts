/** What the decoder and the helpers for backends make of inputs, here and in Rust, in the same words. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { FRAME_PONG } from "../../../src/core.ts";
import { STATUS, decode, isTransferId } from "../../../src/decode.ts";
import { sign } from "../../../src/publish.ts";
import { Secret } from "../../../src/secret.ts";
import { mint, SignatureError, verify } from "../../../src/subscription.ts";

/** The repository. */
export const root = fileURLToPath(new URL("../../../../../", import.meta.url));

/** The one key of both sides. */
export const secret = new Secret("a key that only this test knows");

/** A question as `protocol/examples/verdicts.rs` takes it, and the answer that it gives. */
export type Question =
  | ["message", text: string]
  | ["verify", signature: string, transferId: string, now: number]
  | ["mint", transferId: string, merchantId: string, expiry: number]
  | ["sign", body: string, timestamp: number | null];
export type Answer = [kind: string, ...unknown[]];

/** The answers of the Rust crate. */
export const inRust = (questions: Question[]): Answer[] => {
  const cargo = ["run", "--quiet", "-p", "transfer-status-protocol", "--features", "hmac", "--example", "verdicts"];
  const { status, stdout, stderr } = spawnSync("cargo", cargo, {
    cwd: root,
    input: questions.map((question) => JSON.stringify(question) + "\n").join(""),
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  assert.equal(status, 0, stderr);
  const answers = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
  assert.equal(answers.length, questions.length);
  return answers;
};

/** What a message says. */
export const told = (text: string): Answer => {
  try {
    const parsed = JSON.parse(text);
    let id = parsed?.transfer?.id ?? parsed?.transferId;
    // The driver knows which transfer it watches; here each may name its own.
    if (!isTransferId(id)) id = "any";
    const [code, message, at] = decode(text, id);
    if (code == STATUS) {
      const { status, message: words, amount, merchantId, customerId, metadata, version } = message.transfer;
      const fields = [id, status, words, amount, merchantId, customerId, at, metadata, version];
      return ["status", ...fields.map((field) => field ?? null)];
    }
    if (!message) return [code == FRAME_PONG ? "pong" : "unknown"];
    if (message.type == "scan") return ["scan", message.transferId, message.scanned, Date.parse(message.at)];
    return ["error", message.message];
  } catch {
    return ["invalid"];
  }
};

const refusals = {
  wrong: / is wrong;/,
  another: / another transfer;/,
  expired: / expired;/,
  malformed: /^the signature is malformed: /,
};

/** The answer of the TypeScript side. */
export const here = async (question: Question): Promise<Answer> => {
  switch (question[0]) {
    case "message":
      return told(question[1]);
    case "verify":
      try {
        const [, signature, transferId, now] = question;
        const { merchantId, expiry } = await verify(secret, signature, transferId, { now: now * 1000 });
        return ["ok", merchantId, expiry];
      } catch (error) {
        // Anything else that is thrown is a fault.
        if (!(error instanceof SignatureError)) throw error;
        const kind = Object.entries(refusals).find(([, words]) => words.test(error.message))?.[0] ?? error.message;
        assert.equal(error.code, kind == "expired" ? "expired" : "unauthorized");
        return [kind];
      }
    case "mint":
      try {
        const [, transferId, merchantId, validFor] = question;
        return ["ok", (await mint(secret, { transferId, merchantId, validFor, now: 0 })).signature];
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return ["invalid"];
      }
    case "sign":
      return ["ok", await sign(secret, question[1], question[2] ?? undefined)];
  }
};
