/** The entry for backends, with the protocol's vectors and a service that answers as it is told. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";

import { publishOn, PublishError, sign, type PublishHost, type PublishOptions } from "../../src/publish.ts";
import { Secret } from "../../src/secret.ts";
import { mint, SignatureError, verify } from "../../src/subscription.ts";
// @ts-expect-error: plain JavaScript, which every runtime takes as it is
import { judge } from "../packaging/fixtures/backend/judge.js";

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../protocol/tests/vectors/${name}.json`, import.meta.url), "utf8"));

test("every vector is minted, verified and signed as the protocol says", async () => {
  const files = [vectors("subscription-tokens"), vectors("update-signatures")] as const;
  assert.deepEqual(await judge({ mint, verify, sign }, ...files), { cases: 137 + 84, wrong: [] });
});

test("the judge of the vectors finds a wrong verdict, a wrong signature and a wrong mint", async () => {
  const files = [vectors("subscription-tokens"), vectors("update-signatures")] as const;
  const wrong = async (change: object) => (await judge({ mint, verify, sign, ...change }, ...files)).wrong.length;
  assert.ok((await wrong({ verify: async () => ({}) })) > 90);
  assert.ok((await wrong({ sign: async () => "" })) > 20);
  assert.ok((await wrong({ mint: async () => ({ signature: "" }) })) > 5);
});

test("a refusal names the field and what it should be", async () => {
  const key = "test-secret";
  const seal = async (payload: unknown) => {
    const encoded = Buffer.from(typeof payload == "string" ? payload : JSON.stringify(payload)).toString("base64");
    return `${encoded}.${Buffer.from(await sign(key, encoded), "hex").toString("base64url")}`;
  };
  const good = { transferRequestId: "t", merchantId: "m", expiry: 2_000_000_000 };
  const now = 1_732_320_000_000;
  const [encoded, mac] = (await seal(good)).split(".") as [string, string];
  const bytes = Buffer.from(mac, "base64url");
  for (const [signature, message] of [
    [seal({ ...good, merchantId: 42 }), /merchantId is not valid; send a string of up to 128 characters/],
    [seal({ transferId: "t", merchantId: "m", expiry: 1 }), /transferRequestId is missing; send it/],
    [seal({ ...good, expiry: 1_732_950_839_000 }), /expiry is not valid; send Unix seconds, not milliseconds/],
    [seal({ ...good, expiry: "soon" }), /expiry is not valid; send Unix seconds, a number from 0/],
    [seal("[]"), /not base64 of a JSON object/],
    [`${encoded}.${bytes.toString("hex")}`, /is in hex; make it .* base64url without padding/],
    [`${encoded}.${bytes.toString("base64")}`, /is in plain base64/],
    [`${encoded}.${mac.slice(1)}`, /is not a MAC/],
    ["nonsense", /not <payload>\.<MAC>/],
    ["", /not <payload>\.<MAC>/],
  ] as const) {
    await assert.rejects(verify(key, await signature, "t", { now }), (error: SignatureError) => {
      assert.equal(error.code, "unauthorized");
      assert.match(error.message, message);
      return true;
    });
  }
  const fraction = await seal({ ...good, expiry: 1_732_320_000.9 });
  assert.equal((await verify(key, fraction, "t", { now: now + 900 })).expiry, 1_732_320_000);
  await assert.rejects(verify(key, fraction, "t", { now: now + 1_000 }), { code: "expired" });
});

test("what a key holder has signed is taken exactly where the service takes it", async () => {
  const key = "test-secret";
  const now = 1_732_320_000_000;
  const sealed = async (encoded: string) =>
    `${encoded}.${Buffer.from(await sign(key, encoded), "hex").toString("base64url")}`;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const text = '{"transferRequestId":"t","merchantId":"m","expiry":2000000000}'.padEnd(63);
  const [full, more] = [base64(text), base64(`${text} `)];
  assert.ok(!full.endsWith("=") && more.endsWith("=="));
  for (const encoded of [full, more, more.slice(0, -1), more.slice(0, -2)]) {
    assert.equal((await verify(key, await sealed(encoded), "t", { now })).merchantId, "m", encoded);
  }
  for (const encoded of [
    // A byte order mark, halves of characters, a bit that is none of any byte's, and padding that fills nothing up.
    base64(`\ufeff${text}`),
    base64(text.replace('"m"', '"\\ud83d"')),
    base64(text.replace('"t"', '"\\ude00"')),
    base64(text.replace("}", ',"\\ud83d":1}')),
    more.replace(/.==$/, "h=="),
    `${full}=`,
    `${more}=`,
  ]) {
    await assert.rejects(
      verify(key, await sealed(encoded), "t", { now }),
      /is malformed: (the part before the dot is not|merchantId is not valid|transferRequestId is not valid)/,
      encoded,
    );
  }
});

test("a key that is being changed: both are taken, and nothing once both are gone", async () => {
  const { signature } = await mint("the old key", { transferId: "t", merchantId: "m" });
  const both = [new Secret("the new key"), "the old key\n"];
  assert.equal((await verify(both, signature, "t")).merchantId, "m");
  await assert.rejects(verify("the new key", signature, "t"), SignatureError);
});

test("what cannot be minted is refused by name", async () => {
  const good = { transferId: "t", merchantId: "m" };
  for (const [change, name] of [
    [{ transferId: ".." }, /^transferId/],
    [{ transferId: "a b" }, /^transferId/],
    [{ merchantId: "" }, /^merchantId/],
    [{ merchantId: 42 }, /^merchantId/],
    [{ merchantId: "\ud800" }, /^merchantId/],
    [{ validFor: Number.NaN }, /^validFor/],
    [{ validFor: Date.now() * 1000 }, /^validFor/],
  ] as const) {
    await assert.rejects(mint("key", { ...good, ...change } as typeof good), { name: "TypeError", message: name });
  }
  assert.throws(() => new Secret(undefined), /the secret is empty/);
  assert.throws(() => new Secret(" \n"), /the secret is empty/);
});

test("a secret does not print", async () => {
  const secret = new Secret("s3cret-value");
  await sign(secret, "");
  const shown = [inspect(secret, { depth: 9, showHidden: true }), `${secret}`, JSON.stringify({ secret })];
  assert.doesNotMatch(shown.join(), /s3cret/);
  assert.match(shown.join(), /\[redacted\]/);
});

/** A service that answers in turn, in virtual time. */
class Service implements PublishHost {
  now = 1_732_320_000_000;
  readonly sent: { at: number; headers: Headers; body: string }[] = [];
  readonly answers: (() => Response | Promise<Response>)[];
  readonly timers = new Map<number, { at: number; run: () => void }>();
  /** Timers that were ever set: one for an attempt, one for the pause after it, and so on. */
  #set = 0;
  #isAsked = false;
  readonly Date = { now: () => this.now, parse: Date.parse } as unknown as DateConstructor;
  readonly Math = { random: () => 1 } as unknown as Math;

  constructor(...answers: (() => Response | Promise<Response>)[]) {
    this.answers = answers;
  }

  fetch = async (_url: unknown, init: RequestInit = {}): Promise<Response> => {
    this.sent.push({ at: this.now, headers: new Headers(init.headers), body: String(init.body) });
    const answer = this.answers[this.sent.length - 1] ?? this.answers.at(-1)!;
    const aborted = new Promise<never>((_, reject) =>
      init.signal!.addEventListener("abort", () => reject(new Error("aborted"))),
    );
    this.#isAsked = true;
    return Promise.race([answer(), aborted]).finally(() => (this.#isAsked = false));
  };
  setTimeout = ((run: () => void, ms: number) => {
    const id = ++this.#set;
    this.timers.set(id, { at: this.now + ms, run });
    return id;
  }) as unknown as typeof setTimeout;
  clearTimeout = ((id: number) => void this.timers.delete(id)) as unknown as typeof clearTimeout;

  /** Publishes; whenever it waits for nothing but time, the clock goes to the next timer. */
  async publish(options: Partial<PublishOptions> = {}): Promise<unknown> {
    let outcome: unknown;
    const settle = (value: unknown) => (outcome = value);
    const update = { transferId: "t", status: "completed" } as const;
    publishOn(this, { url: "https://status.example", secret: "key", ...options }, update).then(settle, settle);
    while (outcome === undefined) {
      await new Promise(setImmediate);
      // The MAC is computed elsewhere and takes as long as it takes.
      const isPause = this.#set % 2 == 0;
      const [id, timer] = [...this.timers][0] ?? [];
      if (outcome !== undefined || !id || !timer || !(isPause || this.#isAsked)) continue;
      this.timers.delete(id);
      this.now = timer.at;
      timer.run();
    }
    return outcome;
  }

  get at(): number[] {
    return this.sent.map(({ at }) => at - 1_732_320_000_000);
  }
}

const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    new Response(typeof body == "string" ? body : JSON.stringify(body), { status, headers });
const refusal = (status: number, code: string, headers?: Record<string, string>) =>
  answer(status, { type: "error", code, message: "what is wrong" }, headers);
const stored = { id: "t", status: "completed", updatedAt: "2024-01-15T10:30:00.000Z", version: 3 };
const ok = answer(200, stored);

test("what passes is tried again with a fresh timestamp and the same bytes, what stays is told", async () => {
  for (const [first, attempts, code] of [
    [refusal(503, "unavailable"), 2],
    [refusal(500, "internal"), 2],
    [refusal(429, "rate_limited"), 2],
    [refusal(500, "conflict"), 1, "conflict"],
    [refusal(409, "conflict"), 1, "conflict"],
    [refusal(401, "unauthorized"), 1, "unauthorized"],
    [refusal(403, "forbidden"), 1, "forbidden"],
    [refusal(400, "bad_request"), 1, "bad_request"],
    [refusal(413, "too_large"), 1, "too_large"],
    [refusal(404, "not_found"), 1, "not_found"],
    [refusal(503, "of_a_later_version"), 2],
    [refusal(400, "of_a_later_version"), 1, "of_a_later_version"],
    [answer(400, { type: "error", code: "bad_request", message: "the body did not arrive whole; send it again" }), 2],
    [answer(502, "<h1>Bad gateway</h1>"), 2],
    [answer(408, ""), 2],
    [answer(425, ""), 2],
    [answer(429, ""), 2],
    [answer(501, ""), 1, "unexpected"],
    [answer(505, ""), 1, "unexpected"],
    [answer(511, ""), 1, "unexpected"],
    [answer(401, "a proxy"), 1, "unexpected"],
    [answer(200, "a page"), 1, "unexpected"],
    [answer(200, { ...stored, id: "another" }), 1, "unexpected"],
    [answer(302, "", { location: "https://elsewhere.example" }), 1, "unexpected"],
    [() => Promise.reject(new TypeError("fetch failed")), 2],
    [() => Promise.reject(Object.assign(new TypeError(), { cause: { code: "CERT_HAS_EXPIRED" } })), 1, "network"],
  ] as const) {
    const service = new Service(first, ok);
    const outcome = await service.publish();
    assert.equal(service.sent.length, attempts, `${code} ${inspect(outcome)}`);
    if (code) assert.equal((outcome as PublishError).code, code);
    else assert.deepEqual(outcome, stored);
    for (const { at, headers, body } of service.sent) {
      const timestamp = Math.floor(at / 1000);
      assert.equal(headers.get("x-timestamp"), `${timestamp}`);
      assert.equal(headers.get("x-signature"), await sign("key", body, timestamp));
      assert.equal(body, '{"transferId":"t","status":"completed"}');
    }
  }
});

test("a conflict brings the transfer as it is stored", async () => {
  const conflict = answer(409, { type: "error", code: "conflict", message: "it is final", transfer: stored });
  const error = (await new Service(conflict).publish()) as PublishError;
  assert.deepEqual([error.code, error.isRetryable, error.status, error.transfer], ["conflict", false, 409, stored]);
});

test("an attempt has ten seconds, all of them 45, and no more than six are made", async () => {
  const never = () => new Promise<Response>(() => {});
  const silent = new Service(never);
  const error = (await silent.publish({ attempts: 100 })) as PublishError;
  assert.deepEqual([error.code, error.isRetryable], ["timeout", true]);
  assert.equal(silent.now - 1_732_320_000_000, 45_000);
  assert.deepEqual(silent.at, [0, 10_250, 20_750, 31_750, 43_750]);
  const busy = new Service(refusal(503, "unavailable"));
  await busy.publish();
  assert.deepEqual(busy.at, [0, 250, 750, 1_750, 3_750, 7_750]);
});

test("Retry-After is obeyed, in seconds or as a date, and is told when there is no time left for it", async () => {
  const date = { "retry-after": new Date(1_732_320_012_000).toUTCString() };
  const service = new Service(
    refusal(503, "unavailable", { "retry-after": "7" }),
    refusal(429, "rate_limited", date),
    ok,
  );
  assert.deepEqual(await service.publish(), stored);
  assert.deepEqual(service.at, [0, 7_250, 12_500]);
  const late = new Service(refusal(503, "unavailable", { "retry-after": "60" }), ok);
  const error = (await late.publish()) as PublishError;
  assert.deepEqual([error.retryAfter, late.sent.length], [60_000, 1]);
  // A date that is over asks for no wait.
  const over = refusal(503, "unavailable", { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" });
  const given = (await new Service(over).publish()) as PublishError;
  assert.equal(given.retryAfter, 0);
});

test("an abort ends it, also in a pause", async () => {
  const stop = new AbortController();
  const service = new Service(refusal(503, "unavailable", { "retry-after": "30" }), ok);
  // The first timer is the attempt's, the second the pause.
  const { setTimeout } = service;
  let timers = 0;
  service.setTimeout = ((run: () => void, ms: number) => {
    if (++timers == 2) queueMicrotask(() => stop.abort(new Error("enough")));
    return setTimeout(run, ms);
  }) as typeof setTimeout;
  assert.match(String(await service.publish({ signal: stop.signal })), /enough/);
  assert.equal(service.sent.length, 1);
});

test("an address that cannot be right, and plain text beyond this machine, are refused at once", async () => {
  for (const url of ["", "undefined", "status.example", "http://status.example", "https://status.example/?x"]) {
    assert.equal(((await new Service(ok).publish({ url })) as Error).name, "TypeError", url);
  }
  assert.deepEqual(await new Service(ok).publish({ url: "http://127.0.0.1:8787" }), stored);
});
