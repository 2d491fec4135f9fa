// asyncapi.yaml as AsyncAPI's own parser reads it, and every message of the test vectors held against what it has read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { Parser, fromFile } from "@asyncapi/parser";
import { Ajv } from "ajv";
import { asyncapi, files } from "./documents.mjs";

const VECTORS = new URL("../../protocol/tests/vectors/messages.json", import.meta.url);
/** Of the parser's severities, those that make a document wrong: the others advise. */
const [ERROR, WARNING] = [0, 1];
const ajv = new Ajv({ strict: false, validateFormats: false });
const vectors = JSON.parse(readFileSync(VECTORS, "utf8")).cases;
let document, diagnostics;

before(async () => {
  ({ document, diagnostics } = await fromFile(new Parser(), files.asyncapi).parse());
});

/** The messages of the watch's socket in the direction of a vector. */
function messages({ direction }) {
  const operations = document.channels().get("watch").operations();
  const ofTheServer = direction === "server" ? operations.filterBySend() : operations.filterByReceive();
  return ofTheServer.flatMap((operation) => operation.messages().all());
}

const fits = (message, value) => ajv.validate(message.payload().json(), value);

/** The value of a text; nothing where it is no JSON, as of a vector that a reader has to refuse. */
function value(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A reader takes more than this server writes, which is what is described: any time of RFC 3339, and an error without a
 * code, as servers before version 1 had it.
 */
function asTheServerWrites(message) {
  const { transfer } = message;
  if (transfer) return { ...message, transfer: { ...transfer, updatedAt: new Date(transfer.updatedAt).toISOString() } };
  return message.type === "error" ? { code: "not_found", ...message } : message;
}

test("the parser finds no fault in the document", () => {
  const faults = diagnostics.filter(({ severity }) => severity === ERROR || severity === WARNING);
  assert.deepEqual(faults, []);
  assert.ok(document);
});

test("the parser finds a fault where there is one", async () => {
  const broken = structuredClone(asyncapi);
  delete broken.channels.watch.messages.status;
  const parsed = await new Parser().parse(JSON.stringify(broken), { source: files.asyncapi });
  assert.ok(parsed.diagnostics.some(({ severity }) => severity === ERROR));
});

test("every message of the vectors that is valid is one that is described", () => {
  const valid = vectors.filter((vector) => vector.valid && !vector.ignored);
  assert.ok(valid.length > 10);
  for (const vector of valid) {
    const message = asTheServerWrites(JSON.parse(vector.text));
    const described = messages(vector).filter((candidate) => fits(candidate, message));
    assert.deepEqual(
      described.map((candidate) => candidate.id()),
      [message.type],
      `${vector.name}: ${ajv.errorsText()}`,
    );
  }
});

test("no message of the vectors that is refused or skipped is described", () => {
  const others = vectors.filter((vector) => !vector.valid || vector.ignored);
  assert.ok(others.length > 20);
  for (const vector of others) {
    const message = value(vector.text);
    const described = messages(vector).filter((candidate) => message !== undefined && fits(candidate, message));
    assert.deepEqual(
      described.map((candidate) => candidate.id()),
      [],
      vector.name,
    );
  }
});
