// Each backend of this folder: every vector that it can make, a payment on the real server, and a service that stumbles.
//
// A program `check` around each reads lines of words in base64, `mint SECRET ID MERCHANT EXPIRY`, `sign SECRET TIMESTAMP
// BODY` or `publish URL SECRET UPDATE`, and answers each with a line.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { HMAC_SECRET, ROOT, Server, SUBSCRIBE_HMAC_SECRET } from "../../../sdk-wasm/npm/tests/support/server.ts";

const here = path.join(ROOT, "examples/backends");
const built = path.join(ROOT, "target/backends");
/** Only a test that hangs takes so long. */
const timeout = 120_000;

/** What each needs on the machine, and how its program is made and started. */
const languages = {
  Python: { needs: "python3", start: () => ["python3", "python/check.py"] },
  PHP: { needs: "php", start: () => ["php", "php/check.php"] },
  Ruby: { needs: "ruby", start: () => ["ruby", "ruby/check.rb"] },
  Go: {
    needs: "go",
    start() {
      const env = { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-mod=mod", GOPROXY: "off" };
      execFileSync("go", ["vet", "./..."], { cwd: path.join(here, "go"), env });
      execFileSync("go", ["build", "-o", path.join(built, "go-check"), "./check"], { cwd: path.join(here, "go"), env });
      return [path.join(built, "go-check")];
    },
  },
  Java: {
    needs: "javac",
    start() {
      const classes = path.join(built, "java");
      execFileSync("javac", ["-Xlint:all,-serial", "-Werror", "-d", classes, "TransferStatus.java", "Check.java"], {
        cwd: path.join(here, "java"),
      });
      return ["java", "-cp", classes, "Check"];
    },
  },
};

let server;
before(async () => {
  mkdirSync(built, { recursive: true });
  server = await Server.start();
});
after(() => server?.stop());

const vectors = (name) =>
  JSON.parse(readFileSync(path.join(ROOT, `protocol/tests/vectors/${name}.json`), "utf8")).cases;

/** The program, which answers one line at a time. */
const run = (t, [program, ...args]) => {
  const child = spawn(program, args, { cwd: here, stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (...words) => {
    child.stdin.write(`${words.map((word) => Buffer.from(`${word}`).toString("base64")).join(" ")}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`${program} ended instead of answering to ${words[0]}`);
    return value;
  };
};

/** A service that answers as it is told, in turn; what it was sent. */
const stumbling = async (t, answers) => {
  const sent = [];
  const service = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    sent.push({ body, timestamp: request.headers["x-timestamp"], signature: request.headers["x-signature"] });
    const [status, text, headers = {}] = answers[sent.length - 1] ?? [500, ""];
    if (status === 0) return request.socket.destroy();
    response.writeHead(status, headers).end(typeof text == "string" ? text : JSON.stringify(text));
  });
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  t.after(() => service.close());
  return { url: `http://127.0.0.1:${service.address().port}`, sent };
};

const wanted = (process.env.TRANSFER_STATUS_BACKENDS ?? Object.keys(languages).join()).split(",");
for (const [language, { needs, start }] of Object.entries(languages)) {
  const isThere = wanted.includes(language) && !spawnSync(needs, ["--version"]).error;
  test(`a backend in ${language}`, { timeout, skip: !isThere && `${needs} is not installed` }, async (t) => {
    const ask = run(t, start());

    let cases = 0;
    for (const { name, secret, token, transferId, merchantId, expiry } of vectors("subscription-tokens")) {
      if (merchantId === undefined) continue;
      cases += 1;
      assert.equal(await ask("mint", secret, transferId, merchantId, expiry), token, name);
    }
    for (const { name, secret, body, timestamp, now, toleranceSeconds, signature, valid } of vectors(
      "update-signatures",
    )) {
      cases += 1;
      const isSame = (await ask("sign", secret, timestamp ?? "", body)) === signature.toLowerCase();
      const isInTime = timestamp === undefined || Math.abs(now - timestamp) <= toleranceSeconds;
      assert.equal(isSame && isInTime, valid, name);
    }
    assert.ok(cases > 90, `only ${cases} vectors`);

    const transferId = `order-${randomUUID()}`;
    const publish = (fields, secret = HMAC_SECRET, url = server.url) =>
      ask("publish", url, secret, JSON.stringify({ transferId, ...fields }));
    assert.equal(await publish({ status: "processing", message: "Zażółć ✓", amount: 12.1 }), "stored processing 1");
    assert.equal(await publish({ status: "completed" }), "stored completed 2");
    assert.equal(await publish({ status: "processing" }), "refused conflict");
    assert.equal(await publish({ status: "completed" }, "not the key"), "refused unauthorized");

    const signature = await ask(
      "mint",
      SUBSCRIBE_HMAC_SECRET,
      transferId,
      'a "merchant" \\ of Łódź',
      Math.floor(Date.now() / 1000) + 60,
    );
    const answer = await fetch(`${server.url}/transfer/${transferId}`, {
      headers: { authorization: `Bearer ${signature}` },
    });
    const { status, message, amount } = await answer.json();
    assert.deepEqual({ status, message, amount }, { status: "completed", message: "Zażółć ✓", amount: 12.1 });

    const error = (code) => ({ type: "error", code, message: "what is wrong" });
    const stored = { id: transferId, status: "processing", updatedAt: "2024-01-15T10:30:00.000Z", version: 7 };
    const stumbled = await stumbling(t, [
      [503, error("unavailable"), { "retry-after": "1" }],
      [0],
      [502, "<h1>"],
      [200, stored],
    ]);
    const begun = Date.now();
    assert.equal(await publish({ status: "processing" }, "key", stumbled.url), "stored processing 7");
    assert.ok(Date.now() - begun >= 1000, "Retry-After is obeyed");
    assert.equal(stumbled.sent.length, 4);
    for (const { body, timestamp, signature } of stumbled.sent) {
      assert.equal(body, stumbled.sent[0].body);
      assert.equal(signature, createHmac("sha256", "key").update(`${timestamp}.${body}`).digest("hex"));
    }
    for (const [first, code] of [
      [[400, error("bad_request")], "bad_request"],
      [[500, error("conflict")], "conflict"],
      [[501, ""], "unexpected"],
      [[200, "a page"], "unexpected"],
      [[302, "", { location: "/elsewhere" }], "unexpected"],
    ]) {
      const lasting = await stumbling(t, [first, [200, stored]]);
      assert.equal(await publish({ status: "processing" }, "key", lasting.url), `refused ${code}`);
      assert.equal(lasting.sent.length, 1, code);
    }
  });
}
