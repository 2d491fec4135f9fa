/** The decoder against the protocol's vectors, and against the Rust decoder over mutated messages. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { FRAME_NOTICE, FRAME_PONG, FRAME_UNKNOWN } from "../../src/core.ts";
import { STATUS, decode, isTransferId } from "../../src/decode.ts";
import { Random, mutants } from "./support/mutate.ts";
import { status } from "./support/server.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const { cases } = JSON.parse(readFileSync(`${root}protocol/tests/vectors/messages.json`, "utf8")) as {
  cases: { name: string; direction: string; text: string; valid: boolean; ignored?: boolean }[];
};

/** What the TypeScript decoder makes of a text, in the words of protocol/examples/decode.rs. */
const read = (text: string): string => {
  try {
    const parsed = JSON.parse(text);
    let id = parsed?.transfer?.id ?? parsed?.transferId;
    // The driver knows which transfer it watches; here each may name its own.
    if (!isTransferId(id)) id = "any";
    const [code, message, at] = decode(text, id);
    if (code == STATUS) {
      const { status, version } = message.transfer;
      const end = /^(completed|failed|cancelled)$/.test(status) ? "final" : "open";
      return `status ${at} ${version == null ? "-" : BigInt(version)} ${end}`;
    }
    return message?.type ?? (code == FRAME_PONG ? "pong" : code == FRAME_UNKNOWN ? "unknown" : "?");
  } catch {
    return "invalid";
  }
};

/** What the Rust decoder makes of each text. */
const readInRust = (texts: string[]): string[] => {
  const cargo = ["run", "--quiet", "-p", "transfer-status-protocol", "--example", "decode"];
  const { status, stdout, stderr } = spawnSync("cargo", cargo, {
    cwd: root,
    input: texts.map((text) => JSON.stringify(text) + "\n").join(""),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split("\n");
};

for (const { name, text, valid, ignored } of cases.filter(({ direction }) => direction == "server")) {
  test(`vector ${name}`, () => {
    const kind = read(text);
    assert.equal(kind != "invalid", valid, kind);
    assert.equal(kind == "unknown", !!ignored, kind);
  });
}

test("JSONTestSuite: a status takes what is JSON, and refuses what is not", () => {
  const suite = `${root}protocol/tests/json-test-suite/test_parsing.json`;
  const { files } = JSON.parse(readFileSync(suite, "utf8")) as { files: Record<string, string> };
  const [before, after] = status({ metadata: { x: "?" } }).split('"?"');
  const told = { y: 0, n: 0, i: 0 };
  const here = new Map<string, string>();
  for (const [name, encoded] of Object.entries(files)) {
    const kind = name[0] as keyof typeof told;
    told[kind]++;
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, "base64"));
    } catch {
      // A socket delivers no text frame that is not UTF-8.
      assert.notEqual(kind, "y", name);
      continue;
    }
    const is = read(before + text + after);
    here.set(before + text + after, is);
    if (kind == "y") assert.match(is, /^status /, name);
    if (kind == "n") assert.equal(is, "invalid", name);
  }
  assert.deepEqual(told, { y: 95, n: 186, i: 35 });
  // Also where the suite leaves a choice, both decoders have made the same one.
  assert.deepEqual(readInRust([...here.keys()]), [...here.values()]);
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

/**
 * What `JSON.parse` does not show: a field that is given twice (the last one wins, Rust refuses), and how a number was
 * spelled (Rust takes integers without a fraction for a version, and at most 64 characters and a four-digit exponent
 * for an amount). No server sends any of these.
 */
const hidden = (escaped: string): boolean => {
  // A letter of a key may be escaped.
  const text = escaped.replace(/\\u00([4-7][\da-f])/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const keys = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, key]) => JSON.parse(`"${key}"`) as string);
  const twice = keys.filter((key, i) => keys.indexOf(key) < i);
  return (
    twice.some((key) =>
      /^(type|transfer|status|amount|(transfer|merchant|customer)?Id|scanned|at|code|message|metadata|updatedAt|version)$/i.test(
        key,
      ),
    ) ||
    /"version"\s*:\s*-?[\d.]*[.eE]/.test(text) ||
    /"version"\s*:\s*\d{17}/.test(text) ||
    /"amount"\s*:\s*(?:[-+.\deE]{65}|-?[\d.]+[eE][-+]?0*[1-9]\d{4})/.test(text)
  );
};

test("what one decoder takes, the other does", { timeout: 300_000 }, (context) => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
  const count = Number(process.env.FUZZ_COUNT ?? 20_000);
  context.diagnostic(`FUZZ_SEED=${seed} FUZZ_COUNT=${count}`);
  const texts = [...cases.map(({ text }) => text), ...mutants(new Random(seed), count)];
  const rust = readInRust(texts);
  assert.equal(rust.length, texts.length);
  const kinds = new Map<string, number>();
  let excused = 0;
  texts.forEach((text, i) => {
    const [kind] = rust[i]!.split(" ");
    kinds.set(kind!, (kinds.get(kind!) ?? 0) + 1);
    if (read(text) != rust[i]) {
      assert.ok(hidden(text), `${text}\nTypeScript: ${read(text)}\nRust: ${rust[i]}\nFUZZ_SEED=${seed}`);
      excused++;
    }
  });
  context.diagnostic(`${JSON.stringify(Object.fromEntries(kinds))}, ${excused} that JSON.parse cannot tell`);
  // Mutation must leave enough of every kind, or agreement means nothing.
  for (const kind of ["status", "error", "scan", "pong", "unknown", "invalid"]) {
    assert.ok((kinds.get(kind) ?? 0) > texts.length / 100, `${kind}: ${kinds.get(kind)}`);
  }
  assert.ok(excused < texts.length / 20, `${excused}`);
});
