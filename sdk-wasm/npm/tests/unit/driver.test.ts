/** The driver against a real WebSocket server, in virtual time. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { TransferStatusError } from "../../src/error.ts";
import { Tab, Watching, breath, compile } from "./support/host.ts";
import { TestServer, signature, status, transfer } from "./support/server.ts";

let server: TestServer;
let tab: Tab;
let watching: Watching[] = [];

beforeEach(async () => {
  server = await TestServer.start();
  tab = new Tab();
});
afterEach(() => {
  for (const { watch } of watching.splice(0)) watch.close();
  server.stop();
});

const follow = (options: object = {}): Watching => {
  const one = tab.watch({ url: server.url, transferId: "transfer-123", signature, ...options });
  watching.push(one);
  return one;
};

/** Lets the session's waits pass until the server has been asked `count` times. */
const untilAsked = async (count: number) => {
  while (server.upgrades.length < count) {
    // However long a real socket takes, it takes no virtual time.
    if (!tab.dialing) tab.clock.advance(1_000);
    await breath();
  }
};

test("a payment is followed to its end", { timeout: 60_000 }, async () => {
  const one = follow();
  const { watch } = one;
  await one.count("status", 1);
  assert.equal(watch.connection, "live");
  server.send(status({ status: "processing", version: 2 }));
  server.send(JSON.stringify({ type: "scan", transferId: "transfer-123", scanned: true, at: "2024-01-15T10:30:00Z" }));
  server.send(status({ status: "completed", version: 3 }));

  assert.equal((await watch.finished).status, "completed");
  assert.deepEqual(one.versions, [1, 2, 3]);
  assert.equal(one.all("scan")[0]!.scanned, true);
  assert.deepEqual(one.all("connection"), ["connecting", "live", "closed"]);
  assert.deepEqual(one.all("closed"), [null]);
  assert.equal(watch.latest!.version, 3);
  await server.until(() => server.open.length == 0);
  assert.equal(tab.clock.due, undefined, "no timer stays");
});

test("the signature travels in the subprotocol and nowhere else", { timeout: 60_000 }, async () => {
  await follow().count("status", 1);
  const [request] = server.upgrades;
  assert.equal(request!.url, "/ws/transfer-123");
  const [version, item] = request!.headers["sec-websocket-protocol"]!.split(/, */);
  assert.equal(version, "transfer-status.v1");
  assert.equal(item, "signature." + Buffer.from(signature).toString("base64url"));
});

test("a path before /ws and a ws address are kept", { timeout: 60_000 }, async () => {
  await follow({ url: server.url.replace("http", "ws") + "/pay/" }).count("status", 1);
  assert.equal(server.upgrades[0]!.url, "/pay/ws/transfer-123");
});

test("the user gets the object that JSON.parse made, unknown fields and all", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) =>
    socket.send(
      JSON.stringify({
        type: "status",
        transfer: { ...transfer({ metadata: { order: [1, null] } }), future: { x: 1 } },
      }),
    );
  const one = follow();
  await one.count("status", 1);
  assert.deepEqual(one.watch.latest, { ...transfer({ metadata: { order: [1, null] } }), future: { x: 1 } });
});

test("an older version and a repeated one are not shown", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  for (const version of [3, 2, 3, 1, 4]) server.send(status({ status: "processing", version }));
  await one.until(({ versions }) => versions.includes(4));
  assert.deepEqual(one.versions, [1, 3, 4]);
});

for (const [code, name] of [
  [4400, "bad_request"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
  [4404, "not_found"],
  [4410, "expired"],
  [4413, "too_large"],
] as const) {
  test(`${code} stops with an error that says what to do`, { timeout: 60_000 }, async () => {
    server.onSocket = (socket) => {
      socket.send(JSON.stringify({ type: "error", code: "unauthorized", message: "do this" }));
      socket.close(code);
    };
    const one = follow();
    await assert.rejects(one.watch.finished, (error) => {
      assert.ok(error instanceof TransferStatusError);
      assert.deepEqual([error.code, error.closeCode, error.message], [name, code, "do this"]);
      return true;
    });
    assert.equal(one.all("error").length, 1);
    assert.equal(one.all("closed")[0], one.all("error")[0]);
    await assert.rejects(one.watch[Symbol.asyncIterator]().next(), TransferStatusError);
    assert.equal(tab.clock.due, undefined);
    assert.equal(server.upgrades.length, 1);
  });
}

test("a server that goes away is dialled again, and only news are shown", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, _, attempt) => {
    socket.send(status({ version: attempt < 3 ? 1 : 2 }));
    if (attempt < 3) setTimeout(() => socket.close(attempt == 1 ? 1012 : 1013), 20);
  };
  const one = follow();
  await one.count("status", 1);
  await untilAsked(3);
  await one.until(({ versions }) => versions.length == 2);
  assert.deepEqual(one.versions, [1, 2]);
  assert.deepEqual([...new Set(one.all("connection"))], ["connecting", "live", "reconnecting"]);
});

test("4429 keeps the client away for ten seconds", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.close(4429);
  const one = follow();
  await untilAsked(1);
  await one.count("problem", 1);
  assert.equal(one.watch.problem!.kind, "too-many-watchers");
  tab.clock.advance(9_999);
  await breath();
  assert.equal(server.upgrades.length, 1);
  await untilAsked(2);
});

test("a frame that is not of the protocol costs the link, not the watch", { timeout: 60_000 }, async () => {
  const bad = ["nonsense", Buffer.from([1, 2]), status({ id: "another" }), '{"type":5}'];
  server.onSocket = (socket, _, attempt) => socket.send(bad[attempt - 1] ?? status());
  const one = follow();
  await untilAsked(bad.length + 1);
  await one.count("status", 1);
  assert.equal(one.watch.connection, "live");
});

test("a message from the future is skipped", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  server.send('{"type":"weather","sunny":true}');
  server.send(status({ version: 2 }));
  await one.count("status", 2);
  assert.equal(server.upgrades.length, 1);
});

test("silence is answered with a ping, and a dead link is left without waiting for it", {
  timeout: 60_000,
}, async () => {
  const one = follow();
  await one.count("status", 1);
  tab.clock.advance(20_000);
  await server.until(() => server.said.length == 1);
  // The pong came; the next one stays out: the socket remains OPEN and dead, as iOS has it.
  await breath(20);
  server.open[0]!.removeAllListeners("message");
  const [dead] = server.open;
  tab.clock.advance(20_000);
  tab.clock.advance(10_000);
  await untilAsked(2);
  await one.until(() => one.watch.connection == "live");
  dead!.send(status({ version: 9 }));
  server.open.at(-1)!.send(status({ version: 2 }));
  await one.count("status", 2);
  assert.deepEqual(one.versions, [1, 2]);
});

test("Node.js that was stopped looks at its sockets before its timers", { timeout: 60_000 }, async () => {
  const immediate: (() => void)[] = [];
  Object.assign(tab, {
    setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => immediate.push(() => run(...args)),
  });
  const pass = (ms: number) => {
    tab.clock.advance(ms);
    for (const run of immediate.splice(0)) run();
  };
  const one = follow();
  await one.count("status", 1);
  const [socket] = server.open;
  socket!.removeAllListeners("message");
  const pinged = new Promise((done) => socket!.once("message", done));
  for (let second = 0; second < 20; second++) pass(1_000);
  await pinged;
  tab.clock.skip(11_000);
  tab.clock.advance(1);
  // The pong is read after the timer has fired, and before the immediate.
  socket!.send('{"type":"pong"}');
  await breath(50);
  for (const run of immediate.splice(0)) run();
  assert.equal(one.watch.connection, "live");
  assert.equal(server.upgrades.length, 1);
});

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

test("close() ends quietly: the iterator returns, finished rejects, nothing is unhandled", {
  timeout: 60_000,
}, async () => {
  const one = follow();
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { version } of one.watch) seen.push(version);
  })();
  await one.count("status", 1);
  one.watch.close();
  one.watch.close();
  await reading;
  assert.deepEqual(seen, [1]);
  assert.deepEqual(one.all("error"), []);
  assert.equal(one.all("closed").length, 1);
  await assert.rejects(one.watch.finished, { code: "closed" });
  await server.until(() => server.open.length == 0);
});

test("closing before the session is loaded dials nothing", { timeout: 60_000 }, async () => {
  const one = follow();
  one.watch.close();
  await assert.rejects(one.watch.finished, { code: "closed" });
  await breath(20);
  assert.equal(server.upgrades.length, 0);
});

test("an abort signal closes with its reason, before and after the start", { timeout: 60_000 }, async () => {
  const abort = new AbortController();
  const one = follow({ signal: abort.signal });
  await one.count("status", 1);
  abort.abort(new Error("left the page"));
  await assert.rejects(one.watch.finished, /left the page/);

  const late = follow({ signal: AbortSignal.abort(new Error("never came")) });
  await late.count("closed", 1);
  await assert.rejects(late.watch.finished, /never came/);
  assert.equal(server.upgrades.length, 1);
});

test("an iterator gives the newest first, skips for a slow reader, and never the final one", {
  timeout: 60_000,
}, async () => {
  const one = follow();
  await one.count("status", 1);
  const reader = one.watch[Symbol.asyncIterator]();
  assert.equal((await reader.next()).value!.version, 1);
  for (const version of [2, 3]) server.send(status({ status: "processing", version }));
  server.send(status({ status: "failed", version: 4 }));
  await one.count("closed", 1);
  assert.equal((await reader.next()).value!.version, 4);
  assert.equal((await reader.next()).done, true);
  const late: unknown[] = [];
  for await (const { status } of one.watch) late.push(status);
  assert.deepEqual(late, ["failed"]);
});

test("a listener is taken off by what on() returned", { timeout: 60_000 }, async () => {
  const one = follow();
  const seen: unknown[] = [];
  const listener = ({ version }: { version?: number | null }) => void seen.push(version);
  const off = one.watch.on("status", listener);
  one.watch.on("status", listener);
  await one.count("status", 1);
  off();
  server.send(status({ version: 2 }));
  await one.count("status", 2);
  assert.deepEqual(seen, [1, 1, 2]);
});

test("a listener may close the watch", { timeout: 60_000 }, async () => {
  const one = follow();
  one.watch.on("status", () => one.watch.close());
  await one.count("closed", 1);
  assert.equal(one.all("status").length, 1);
});

test("hints: online and a shown page cut a long wait short", { timeout: 60_000 }, async () => {
  let up = false;
  server.onSocket = (socket) => (up ? socket.send(status()) : socket.terminate());
  const one = follow();
  await untilAsked(6);
  // The wait begins when the driver has heard of the last failure; only then is there one to cut short.
  while (tab.ended < server.upgrades.length) await breath();
  up = true;
  tab.clock.advance(1_000);
  const before = server.upgrades.length;
  for (const [target, type] of [
    [tab, "online"],
    [tab.document, "visibilitychange"],
    [tab, "pageshow"],
    [tab.connection, "change"],
  ] as const) {
    tab.hear(target, type);
  }
  await one.count("status", 1);
  assert.ok(server.upgrades.length <= before + 1, "several hints in a row make one attempt");
});

test("offline is a rumour: a live link is probed, not dropped", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  tab.hear(tab, "offline");
  await server.until(() => server.said.length == 1);
  assert.deepEqual(server.said, ['{"type":"ping"}']);
  assert.equal(one.watch.connection, "live");
});

test("a hidden page hears that the network is back", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.terminate();
  const one = follow();
  await untilAsked(6);
  while (tab.ended < server.upgrades.length) await breath();
  tab.clock.advance(500);
  const before = server.upgrades.length;
  tab.document.hidden = true;
  tab.hear(tab.document, "visibilitychange");
  await breath(20);
  assert.equal(server.upgrades.length, before, "being hidden is no reason to dial");
  server.onSocket = (socket) => socket.send(status());
  tab.hear(tab, "online");
  await one.count("status", 1);
  assert.equal(server.upgrades.length, before + 1);
});

test("a new estimate of the speed is no change of the network", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  tab.clock.advance(4_000);
  tab.hear(tab.connection, "change");
  await breath(20);
  assert.deepEqual(server.said, []);
  tab.connection.type = "cellular";
  tab.hear(tab.connection, "change");
  await server.until(() => server.said.length == 1);
});

test("a page that has loaded at last is no page that comes back", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  tab.clock.advance(4_000);
  tab.hear(tab, "pageshow");
  await breath(20);
  assert.deepEqual([server.said.length, server.gets.length], [0, 0]);
});

test("a page on its way into the back-forward cache lets its socket go and comes back", {
  timeout: 60_000,
}, async () => {
  const one = follow();
  await one.count("status", 1);
  const dialled = server.upgrades.length;
  tab.hear(tab, "pagehide");
  // Browsers say this after `pagehide`. It is no reason to dial: nobody would let that socket go.
  tab.document.hidden = true;
  tab.clock.skip(1_000);
  tab.hear(tab.document, "visibilitychange");
  await server.until(() => server.open.length == 0);
  assert.equal(one.watch.connection, "reconnecting");
  assert.equal(tab.clock.due, undefined, "no timer stays");
  tab.hear(tab, "online");
  await breath(20);
  assert.equal(server.upgrades.length, dialled);
  tab.document.hidden = false;
  server.onSocket = (socket) => socket.send(status({ status: "completed", version: 7 }));
  tab.clock.skip(3_600_000);
  tab.hear(tab, "pageshow");
  assert.equal((await one.watch.finished).version, 7);
});

test("a tab that was frozen and throttled sees the final status on its next timer", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  server.open[0]!.terminate();
  await one.until(() => one.watch.connection == "reconnecting");
  server.onSocket = (socket) => socket.send(status({ status: "completed", version: 2 }));
  tab.clock.skip(60_000);
  tab.clock.advance(0);
  assert.equal((await one.watch.finished).version, 2);
});

test("what the server says beside the status comes as a notice", { timeout: 60_000 }, async () => {
  const one = follow();
  await one.count("status", 1);
  server.send('{"type":"error","code":"unavailable","message":"try again later"}');
  await one.count("notice", 1);
  assert.equal(one.all("notice")[0]!.message, "try again later");
  assert.equal(one.watch.connection, "live");
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

test("an error of the socket with no close after it ends the attempt", { timeout: 60_000 }, async () => {
  let dialled = 0;
  Object.assign(tab, {
    WebSocket: class extends EventTarget {
      set onerror(listener: () => void) {
        dialled++;
        queueMicrotask(listener);
      }
      close() {}
    },
  });
  const one = follow();
  await one.count("problem", 1);
  tab.clock.advance(500);
  await breath();
  assert.equal(dialled, 2);
});

test("a frame that cannot be read is told with its field, and is gone with a status", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, _, attempt) => socket.send(status(attempt == 1 ? { updatedAt: "2024-01-15 10:30" } : {}));
  const one = follow();
  await one.count("problem", 1);
  const { kind, field } = one.watch.problem!;
  assert.deepEqual([kind, field], ["malformed", "updatedAt"]);
  await untilAsked(2);
  await one.count("problem", 2);
  assert.equal(one.watch.problem, null);
});

test("without a listener the console is told, once for each kind, and of the end", {
  timeout: 60_000,
}, async (context) => {
  const { mock } = context.mock.method(console, "warn", () => {});
  server.onSocket = (socket, _, attempt) => {
    socket.close(attempt < 3 ? 1013 : 4401);
  };
  const { watch } = await import("../../src/watch.ts");
  const options = { url: server.url, transferId: "transfer-123", signature };
  const silent = watch(compile, options, tab as unknown as typeof globalThis);
  const rejected = assert.rejects(silent.finished, { code: "unauthorized" });
  await untilAsked(3);
  await rejected;
  assert.deepEqual(
    mock.calls.map(({ arguments: [, what] }) => what?.code ?? what),
    ["closed", "unauthorized"],
  );

  mock.resetCalls();
  await assert.rejects(follow().watch.finished);
  assert.equal(mock.callCount(), 0, "who listens is told by events");
});

test("the log gets every event in order, and no signature", { timeout: 60_000 }, async () => {
  const lines: unknown[][] = [];
  const one = follow({ log: (...line: unknown[]) => void lines.push(line) });
  await one.count("status", 1);
  one.watch.close();
  assert.deepEqual(
    lines.map(([event]) => event),
    ["connection", "status", "connection", "connection", "closed"],
  );
  assert.deepEqual(lines[2], [
    "connection",
    "live",
    { attempt: 1, closeCode: undefined, isShared: false, problem: null },
  ]);
  assert.ok(!JSON.stringify(lines).includes(signature));
});

test("a change of the connection says how it came about and when the next attempt is", {
  timeout: 60_000,
}, async () => {
  server.onSocket = (socket, _, attempt) => {
    if (attempt > 2) socket.send(status());
    else socket.close(1013);
  };
  const details: unknown[] = [];
  const one = follow();
  one.watch.on("connection", (connection, { attempt, closeCode, isShared }) =>
    details.push([connection, attempt, closeCode, isShared]),
  );
  await untilAsked(3);
  await one.count("status", 1);
  server.open[0]!.close(1012);
  await one.until(({ watch }) => watch.connection == "reconnecting");
  assert.deepEqual(details, [
    ["connecting", 1, undefined, false],
    ["live", 3, 1013, false],
    ["reconnecting", 0, 1012, false],
  ]);
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

test("what was said on one link explains no end on the next", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, _, attempt) => {
    if (attempt == 1) socket.send('{"type":"error","code":"rate_limited","message":"too many watchers"}');
    socket.close(attempt == 1 ? 1013 : 4401);
  };
  const one = follow();
  await untilAsked(2);
  await assert.rejects(one.watch.finished, { code: "unauthorized", message: /^unauthorized/ });
});

test("a status of a name from the future and a close with 1000 are the end", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => {
    socket.send(status({ status: "refunded" }));
    socket.close(1000);
  };
  server.onGet = (_, response) => response.end(JSON.stringify(transfer({ status: "refunded" })));
  assert.equal((await follow().watch.finished).status, "refunded");
});

test("the iterator throws an abort's reason", { timeout: 60_000 }, async () => {
  const abort = new AbortController();
  const one = follow({ signal: abort.signal });
  await one.count("status", 1);
  const read = (async () => {
    for await (const _ of one.watch) abort.abort(new Error("left the page"));
  })();
  await assert.rejects(read, /left the page/);
});

test("leaving the loop closes the watch, also while it waits for news", { timeout: 60_000 }, async () => {
  const one = follow();
  for await (const _ of one.watch) break;
  await assert.rejects(one.watch.finished, { code: "closed" });
  await server.until(() => server.open.length == 0);

  const two = follow();
  const reader = two.watch[Symbol.asyncIterator]();
  await reader.next();
  const pending = reader.next();
  assert.deepEqual(await reader.return!(), { value: undefined, done: true });
  assert.deepEqual(await pending, { value: undefined, done: true });
  await two.count("closed", 1);
});

test("an iterator that has thrown is done", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.close(4403);
  const reader = follow().watch[Symbol.asyncIterator]();
  await assert.rejects(reader.next(), { code: "forbidden" });
  assert.equal((await reader.next()).done, true);
});

test("a watch is closed by whoever disposes of it", { timeout: 60_000 }, async () => {
  const [one, two] = [follow(), follow()];
  one.watch[Symbol.dispose]();
  await two.watch[Symbol.asyncDispose]();
  for (const { watch } of [one, two]) await assert.rejects(watch.finished, { code: "closed" });
});

test("options that cannot be right are refused at once", () => {
  for (const options of [{ url: undefined }, { signature: "no ✓ text" }, { signature: "a b" }, { transferId: ".." }]) {
    assert.throws(() => follow(options), TypeError, JSON.stringify(options));
  }
});

test("a session that cannot be fetched is told, and fetched again", { timeout: 60_000 }, async () => {
  const { watch } = await import("../../src/watch.ts");
  let offline = true;
  const one = new Watching(
    watch(
      () => (offline ? Promise.reject(new Error("refused by the page's policy")) : compile()),
      { url: server.url, transferId: "transfer-123", signature },
      tab as unknown as typeof globalThis,
    ),
  );
  watching.push(one);
  // In the sources there is no translated session to fall back to; dist.test.ts has it.
  await one.count("problem", 1);
  const { kind, cause, attempts } = one.watch.problem!;
  assert.deepEqual([kind, attempts], ["unreachable", 1]);
  assert.match(String(cause), /fallback/);
  tab.clock.advance(1_000);
  await one.count("problem", 2);
  assert.equal(one.watch.problem!.attempts, 2);
  offline = false;
  tab.clock.advance(2_000);
  await one.count("status", 1);
  assert.equal(one.watch.problem, null);
});
