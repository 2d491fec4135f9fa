/** Polls in the place of sockets: when they come, what their answers mean, and what they hold back. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { breath } from "./support/host.ts";
import { TestServer, signature, status, transfer } from "./support/server.ts";
import { follow, server, tab, untilAsked } from "./support/stage.ts";

test("polling takes over while sockets are refused, then the socket again", { timeout: 60_000 }, async () => {
  let blocked = true;
  server.onSocket = (socket) => (blocked ? socket.terminate() : socket.send(status({ version: 3 })));
  server.onGet = ({ headers }, response) => {
    assert.equal(headers.authorization, `Bearer ${signature}`);
    if (headers["if-none-match"] == '"2"') return response.writeHead(304).end();
    response.writeHead(200, { etag: '"2"' }).end(JSON.stringify(transfer({ version: 2 })));
  };
  const one = follow();
  await untilAsked(3);
  while (server.gets.length < 2) {
    tab.clock.advance(500);
    await breath();
  }
  assert.deepEqual(one.versions, [2]);
  assert.equal(one.watch.connection, "polling");
  assert.equal(server.gets[0]!.headers["if-none-match"], undefined, "no version is known yet");
  blocked = false;
  await untilAsked(server.upgrades.length + 1);
  await one.until(() => one.watch.connection == "live");
  assert.deepEqual(one.versions, [2, 3]);
});

test("a 401 of a captive portal is no refusal, one of the service is", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.terminate();
  server.onGet = (_, response, attempt) => {
    if (attempt == 1) return response.writeHead(401).end("<h1>Sign in to our Wi-Fi</h1>");
    if (attempt == 2) return response.writeHead(403).end('{"type":"error","code":"proxy","message":"no"}');
    response.writeHead(401).end('{"type":"error","code":"unauthorized","message":"the signature is wrong"}');
  };
  const one = follow();
  let over = false;
  const rejected = assert.rejects(one.watch.finished, { code: "unauthorized", message: "the signature is wrong" });
  void rejected.finally(() => (over = true));
  while (!over) {
    tab.clock.advance(500);
    await breath();
  }
  await rejected;
  assert.equal(server.gets.length, 3);
});

/** Sockets are refused; lets time pass until the first poll has been answered like this. */
const polled = async (answer: typeof server.onGet, options: object = {}) => {
  server.onSocket = (socket) => socket.terminate();
  server.onGet = answer;
  const one = follow(options);
  while (server.gets.length < 1) {
    tab.clock.advance(500);
    await breath();
  }
  await breath(20);
  return one;
};

const refusal = (code: string) => JSON.stringify({ type: "error", code, message: `${code}; do this` });

for (const [status, body, code, closeCode] of [
  [401, "unauthorized", "unauthorized", 4401],
  [401, "expired", "expired", 4410],
  [403, "forbidden", "forbidden", 4403],
] as const) {
  test(`a poll's ${status} ${body} ends the watch as ${closeCode} would`, { timeout: 60_000 }, async () => {
    const one = await polled((_, response) => response.writeHead(status).end(refusal(body)));
    await assert.rejects(one.watch.finished, { code, closeCode, message: `${body}; do this` });
  });
}

for (const [status, body] of [
  [502, refusal("unauthorized")],
  [403, refusal("unauthorized")],
  [401, refusal("forbidden")],
  [401, "<h1>Sign in to our Wi-Fi</h1>"],
] as const) {
  test(`a poll's ${status} with ${body} is a failure like any other`, { timeout: 60_000 }, async () => {
    const one = await polled((_, response) => response.writeHead(status).end(body));
    await one.until(({ watch }) => watch.problem?.kind == "http");
    assert.equal(one.watch.problem!.status, status);
    assert.deepEqual(one.all("closed"), []);
  });
}

const polls: [what: string, kind: string, beside: object, answer: typeof server.onGet][] = [
  ["404", "http", { status: 404 }, (_, response) => response.writeHead(404).end("<h1>Not found</h1>")],
  ["a page", "not-the-service", {}, (_, response) => response.end("<h1>Welcome</h1>")],
  ["another success", "not-the-service", {}, (_, response) => response.writeHead(202).end(JSON.stringify(transfer()))],
  [
    "a field that cannot be read",
    "malformed",
    { field: "status" },
    (_, response) => response.end('{"id":"transfer-123"}'),
  ],
  [
    "more than 64 KiB",
    "not-the-service",
    {},
    (_, response) => response.end(JSON.stringify(transfer()) + " ".repeat(65_536)),
  ],
  [
    "what is no UTF-8",
    "not-the-service",
    {},
    (_, response) => response.end(Buffer.from(JSON.stringify(transfer({ message: "caf\u00e9" })), "latin1")),
  ],
];
for (const [what, kind, beside, answer] of polls) {
  test(`a poll that brings ${what} is told as ${kind}`, { timeout: 60_000 }, async () => {
    const one = await polled(answer);
    await one.until(({ watch }) => watch.problem?.kind == kind);
    const { since, attempts, nextAttempt, ...rest } = one.watch.problem!;
    assert.deepEqual(rest, { kind, ...beside });
    assert.ok(since.getTime() <= tab.clock.Date.now() && attempts >= 1 && nextAttempt instanceof Date);
    assert.deepEqual(one.versions, []);
  });
}

test("a redirect is told and not followed: the signature goes nowhere else", { timeout: 60_000 }, async () => {
  const elsewhere = await TestServer.start();
  try {
    const one = await polled((_, response) => response.writeHead(302, { location: elsewhere.url }).end());
    await one.until(({ watch }) => watch.problem?.kind == "redirect");
    // Node shows the status, a browser does not.
    assert.equal(one.watch.problem!.status, 302);
    assert.equal(elsewhere.gets.length, 0);
  } finally {
    elsewhere.stop();
  }
});

for (const [form, value] of [
  ["seconds", () => "15"],
  ["a date", () => new Date(tab.clock.Date.now() + 15_900).toUTCString()],
] as const) {
  test(`Retry-After in ${form} holds the polls`, { timeout: 60_000 }, async () => {
    const one = await polled((_, response) => response.writeHead(503, { "retry-after": value() }).end());
    await one.until(({ watch }) => watch.problem?.kind == "http");
    const asked = server.gets.length;
    for (let passed = 0; passed < 14_500; passed += 500) {
      tab.clock.advance(500);
      await breath();
    }
    assert.equal(server.gets.length, asked);
  });
}

test("a poll that hangs is given up after ten seconds, and when the page goes to sleep", {
  timeout: 60_000,
}, async () => {
  let gone = 0;
  await polled((request) => request.on("close", () => gone++));
  tab.clock.advance(9_400);
  await breath();
  assert.equal(gone, 0);
  tab.clock.advance(600);
  while (!gone) await breath();
  while (server.gets.length < 2) {
    tab.clock.advance(500);
    await breath();
  }
  tab.hear(tab, "pagehide");
  while (gone < 2) await breath();
  assert.equal(tab.clock.due, undefined);
});

test("a network that answers nothing at all is unreachable, from the first attempt", { timeout: 60_000 }, async () => {
  const one = follow({ url: "http://127.0.0.1:9" });
  await one.count("problem", 1);
  const { since, attempts, nextAttempt, ...rest } = one.watch.problem!;
  assert.deepEqual(rest, { kind: "unreachable" });
  assert.deepEqual([since.getTime(), attempts], [tab.clock.Date.now(), 1]);
  const wait = nextAttempt!.getTime() - tab.clock.Date.now();
  assert.ok(wait >= 0 && wait <= 500, `${wait}`);
});
