/** The decoder against the protocol's vectors and JSONTestSuite. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { FRAME_NOTICE, FRAME_UNKNOWN } from "../../src/core.ts";
import { STATUS, decode } from "../../src/decode.ts";
import { inRust, told } from "./support/verdicts.ts";
import { status } from "./support/server.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const { cases } = JSON.parse(readFileSync(`${root}protocol/tests/vectors/messages.json`, "utf8")) as {
  cases: { name: string; direction: string; text: string; valid: boolean; ignored?: boolean }[];
};

for (const { name, text, valid, ignored } of cases.filter(({ direction }) => direction == "server")) {
  test(`vector ${name}`, () => {
    const [kind] = told(text);
    assert.equal(kind != "invalid", valid, kind);
    assert.equal(kind == "unknown", !!ignored, kind);
  });
}

test("both decoders read the same out of the vectors", () => {
  const texts = cases.filter(({ direction }) => direction == "server").map(({ text }) => text);
  const rust = inRust(texts.map((text) => ["message", text]));
  assert.deepEqual(
    rust.map((each) => JSON.stringify(each)),
    texts.map((text) => JSON.stringify(told(text))),
  );
});

test("JSONTestSuite: a status takes what is JSON, and refuses what is not", () => {
  const suite = `${root}protocol/tests/json-test-suite/test_parsing.json`;
  const { files } = JSON.parse(readFileSync(suite, "utf8")) as { files: Record<string, string> };
  const [before, after] = status({ metadata: { x: "?" } }).split('"?"');
  const counts = { y: 0, n: 0, i: 0 };
  const here = new Map<string, unknown>();
  for (const [name, encoded] of Object.entries(files)) {
    const kind = name[0] as keyof typeof counts;
    counts[kind]++;
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, "base64"));
    } catch {
      // A socket delivers no text frame that is not UTF-8.
      assert.notEqual(kind, "y", name);
      continue;
    }
    const is = told(before + text + after);
    here.set(before + text + after, is);
    if (kind == "y") assert.equal(is[0], "status", name);
    if (kind == "n") assert.equal(is[0], "invalid", name);
  }
  assert.deepEqual(counts, { y: 95, n: 186, i: 35 });
  // Also where the suite leaves a choice, both decoders have made the same one.
  const rust = inRust([...here.keys()].map((text) => ["message", text]));
  assert.deepEqual(rust.map(String), [...here.values()].map(String));
});

test("a status of another transfer is not taken", () => {
  const { text } = cases.find(({ name }) => name == "server-0")!;
  assert.equal(decode(text, "transfer-123")[0], STATUS);
  assert.throws(() => decode(text, "transfer-124"));
});

test("a scan of another transfer is nothing to tell", () => {
  const scan = '{"type":"scan","transferId":"transfer-124","scanned":true,"at":"2024-01-15T10:30:00Z"}';
  assert.equal(decode(scan, "transfer-124")[0], FRAME_NOTICE);
  assert.equal(decode(scan, "transfer-123")[0], FRAME_UNKNOWN);
});

for (const [field, text] of [
  ["", "nonsense"],
  ["transfer", '{"type":"status"}'],
  ["id", status({ id: "another" })],
  ["status", status({ status: 5 as never })],
  ["version", status({ version: 1.5 })],
  ["updatedAt", status({ updatedAt: "2024-01-15 10:30" })],
  ["updatedAt", status({ updatedAt: "2024-13-15T10:30:00.000Z" })],
  ["amount", status().replace("}}", ',"amount":1e999}}')],
  ["metadata", status({ metadata: [] as never })],
] as const) {
  test(`a message that cannot be read names ${field || "no field"}: ${text}`, () => {
    assert.throws(() => decode(text, "transfer-123"), field ? { name: "TypeError", message: field } : SyntaxError);
  });
}

test("a message of 64 KiB is read, a longer one is not, in bytes", () => {
  const whole = (bytes: number, letter: string) => {
    const rest = bytes - Buffer.byteLength(status({ message: "" }));
    return status({ message: letter.repeat(rest / Buffer.byteLength(letter)) });
  };
  for (const letter of ["x", "é"]) {
    assert.equal(decode(whole(65_536, letter).padEnd(1), "transfer-123")[0], STATUS);
    assert.throws(() => decode(whole(65_536 + 2, letter), "transfer-123"));
  }
});

test("the object is the one that JSON.parse made", () => {
  const { text } = cases.find(({ name }) => name == "server-8")!;
  assert.deepEqual(decode(text, "transfer-123")[1], JSON.parse(text));
});
