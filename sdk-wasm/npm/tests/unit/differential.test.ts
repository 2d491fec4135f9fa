/**
 * The decoder and the helpers for backends against the Rust ones, over inputs that a seed makes out of the fuzzers'
 * corpus: both have to say the same of each.
 *
 * `FUZZ_SEED` makes a run again; `FUZZ_SECONDS` makes it last that long, as `cargo xtask fuzz typescript` does.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";

import { sign } from "../../src/publish.ts";
import { encoded, merchant, message, payload, Random, spelled } from "./support/mutate.ts";
import { here, inRust, root, secret, type Question } from "./support/verdicts.ts";

/** Questions of one round. */
const ROUND = 20_000;
const NOW = 1_732_320_000;

/** What the fuzzers keep of a target, as far as it is text. */
const corpus = (target: string): string[] => {
  const folder = `${root}protocol/fuzz/corpus/${target}`;
  const texts = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`).toString());
  return texts.filter((text) => text && !text.includes("\ufffd"));
};

const [messages, subscriptions, updates] = ["message", "subscription", "update"].map(corpus) as [
  string[],
  string[],
  string[],
];

/**
 * What `JSON.parse` does not show: a field that is given twice (the last one wins, Rust refuses), and how a number was
 * spelled (Rust takes integers without a fraction for a version, and at most 64 characters and a four-digit exponent
 * for an amount). No server sends any of these.
 */
const isHidden = (escaped: string): boolean => {
  // A letter of a key may be escaped.
  const text = escaped.replace(/\\u00([4-7][\da-f])/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const keys = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, key]) => JSON.parse(`"${key}"`) as string);
  const twice = keys.filter((key, i) => keys.indexOf(key) < i);
  return (
    twice.some((key) =>
      /^(type|transfer|status|amount|(transfer|merchant|customer)?Id|scanned|at|code|message|metadata|updatedAt|version|transferRequestId|expiry)$/i.test(
        key,
      ),
    ) ||
    /"version"\s*:\s*-?[\d.]*[.eE]/.test(text) ||
    /"version"\s*:\s*\d{17}/.test(text) ||
    /"amount"\s*:\s*(?:[-+.\deE]{65}|-?[\d.]+[eE][-+]?0*[1-9]\d{4})/.test(text)
  );
};

/** A question, and the JSON in it that only one side may see all of. */
type Asked = [question: Question, json: string];

const kinds: { [name: string]: { ask: (random: Random) => Promise<Asked>; expected: string[] } } = {
  message: {
    ask: async (random) => {
      const text = message(random, messages);
      return [["message", text], text];
    },
    expected: ["status", "error", "scan", "pong", "unknown", "invalid"],
  },
  verify: {
    ask: async (random) => {
      const json = payload(random, subscriptions);
      const text = encoded(random, json);
      const signed = Buffer.from(await sign(secret, text.replaceAll(" ", "+")), "hex");
      const signature = `${text}.${spelled(random, signed)}`;
      return [
        ["verify", signature, random.pick(["transfer-123", "transfer-123", "transfer-124"]), NOW + random.below(3)],
        json,
      ];
    },
    expected: ["ok", "malformed", "wrong", "another", "expired"],
  },
  mint: {
    ask: async (random) => {
      const id = random.pick(["transfer-123", "..", "", "a".repeat(129), "~:-._", "é"]);
      const expiry = random.pick([0, NOW, NOW + random.below(900), 99_999_999_999, 100_000_000_000]);
      return [["mint", id, merchant(random), expiry], ""];
    },
    expected: ["ok", "invalid"],
  },
  sign: {
    ask: async (random) => [["sign", message(random, updates), random.below(2) ? random.below(NOW) : null], ""],
    expected: ["ok"],
  },
};
/** One round, in which each kind of answer has to come. */
const round = async (context: TestContext, name: string, seed: number): Promise<void> => {
  const { ask, expected } = kinds[name]!;
  const random = new Random(seed);
  const asked: Asked[] = [];
  for (let n = 0; n < ROUND; n++) asked.push(await ask(random));
  const rust = inRust(asked.map(([question]) => question));
  const counts = new Map<string, number>();
  let excused = 0;
  for (const [i, [question, json]] of asked.entries()) {
    const [answer, wanted] = [await here(question), rust[i]!];
    counts.set(wanted[0], (counts.get(wanted[0]) ?? 0) + 1);
    if (JSON.stringify(answer) == JSON.stringify(wanted)) continue;
    const told = `${JSON.stringify(question)}\nTypeScript: ${JSON.stringify(answer)}\nRust: ${JSON.stringify(wanted)}`;
    assert.ok(isHidden(json), `${told}\nof ${json}\nFUZZ_SEED=${seed}`);
    excused++;
  }
  context.diagnostic(`${name}: ${JSON.stringify(Object.fromEntries(counts))}, ${excused} that JSON.parse cannot tell`);
  // Mutation must leave enough of every kind, or agreement means nothing.
  for (const kind of expected) assert.ok((counts.get(kind) ?? 0) > ROUND / 100, `${kind}: ${counts.get(kind)}`);
  assert.ok(excused < ROUND / 20, `${excused}`);
};

const seconds = Number(process.env.FUZZ_SECONDS ?? 0);
for (const name of Object.keys(kinds)) {
  test(`both sides say the same: ${name}`, { timeout: (seconds + 300) * 1000 }, async (context) => {
    let seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
    context.diagnostic(`FUZZ_SEED=${seed}`);
    const end = performance.now() + (seconds * 1000) / Object.keys(kinds).length;
    let executions = 0;
    do {
      await round(context, name, seed);
      executions += ROUND;
      seed = (seed + 1) >>> 0;
    } while (performance.now() < end);
    context.diagnostic(`${name}: ${executions} executions`);
  });
}
