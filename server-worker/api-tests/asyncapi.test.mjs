// Every message that asyncapi.yaml describes, heard from the real server and held against its description.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ADMIN_TOKEN, Server } from "../../sdk-wasm/npm/tests/support/server.ts";
import { Place, asyncapi } from "./documents.mjs";
import { HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, newId, report, signature, update } from "./requests.mjs";

const PING = '{"type":"ping"}';
let server;

before(async () => {
  const env = { HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, LEGACY_API: "on", LEGACY_OPEN_SCAN: "on", RECENT_SHARDS: "1" };
  server = await Server.start(env);
});
after(() => server?.stop());

async function send({ method, path, headers, body }) {
  const answer = await fetch(server.url + path, { method, headers, body });
  assert.ok(answer.ok, await answer.text());
}

/** The messages that the server sends or takes on a channel, by name. */
function described(channel, action) {
  const operations = Object.values(asyncapi.operations).filter(
    (operation) => operation.action === action && operation.channel.$ref === `#/channels/${channel}`,
  );
  return operations.flatMap(({ messages }) => messages.map(({ $ref }) => $ref.split("/").at(-1)));
}

const payload = (channel, name) => new Place("asyncapi", ["channels", channel]).at("messages", name, "payload");

/** A socket on a channel: each frame has to be one of its messages, and is remembered by that name. */
class Socket {
  #frames = [];
  #waiting = [];

  constructor(channel, path, options = {}) {
    this.channel = channel;
    this.heard = [];
    this.socket = new WebSocket(server.url.replace("http", "ws") + path, options);
    this.closed = new Promise((resolve) => this.socket.addEventListener("close", ({ code }) => resolve(code)));
    this.opened = new Promise((resolve) => this.socket.addEventListener("open", resolve));
    this.socket.addEventListener("message", ({ data }) => {
      this.#frames.push(data);
      this.#waiting.shift()?.();
    });
  }

  say(text) {
    this.socket.send(text);
  }

  /** Says what is a message of the channel. */
  sayDescribed(name, message) {
    assert.deepEqual(payload(this.channel, name).faults(message), []);
    this.say(JSON.stringify(message));
  }

  /** Waits for the next frame, which has to be this message; `unless` it is one of others that may come in between. */
  async hear(name, unless = () => false) {
    for (;;) {
      if (this.#frames.length === 0) await new Promise((resolve) => this.#waiting.push(resolve));
      const frame = this.#frames.shift();
      const message = JSON.parse(frame);
      if (unless(message)) continue;
      assert.deepEqual(payload(this.channel, name).faults(message), [], frame);
      this.heard.push(name);
      return;
    }
  }
}

const heardAll = (channel, ...sockets) => {
  const heard = new Set(sockets.flatMap((socket) => socket.heard));
  assert.deepEqual([...heard].sort(), described(channel, "send").sort());
};

test("the examples are as described", () => {
  for (const name of Object.keys(asyncapi.components.messages)) {
    const message = new Place("asyncapi", ["components", "messages", name]);
    assert.ok(message.value.examples.length > 0, name);
    for (const { payload } of message.value.examples) assert.deepEqual(message.at("payload").faults(payload), [], name);
  }
});

test("a watcher hears what is described", { timeout: 20_000 }, async () => {
  const id = newId();
  const watcher = new Socket("watch", `/ws/${id}`);
  await watcher.opened;
  watcher.sayDescribed("subscribe", { type: "subscribe", transferId: id, signature: signature(id) });
  await watcher.hear("status");
  watcher.sayDescribed("ping", JSON.parse(PING));
  await watcher.hear("pong");
  watcher.sayDescribed("pong", { type: "pong" });
  const body = JSON.stringify({ transferId: id, scanned: true });
  await send({ method: "POST", path: `/scan?signature=${encodeURIComponent(signature(id))}`, body });
  await watcher.hear("scan");
  await send(update({ transferId: id, status: "processing", amount: 12.1, metadata: { till: 4 } }));
  await watcher.hear("status");
  watcher.say("no JSON");
  await watcher.hear("error");
  assert.equal(await watcher.closed, 4400);
  heardAll("watch", watcher);
});

test("a watcher of the earlier API hears what is described", { timeout: 20_000 }, async () => {
  const id = newId();
  const path = `/transfers/${id}/ws?token=`;
  const watcher = new Socket("earlierWatch", path + encodeURIComponent(signature(id)));
  await watcher.hear("status");
  watcher.sayDescribed("ping", JSON.parse(PING));
  await watcher.hear("pong");
  await send({ method: "POST", path: "/unscan", body: JSON.stringify({ id }) });
  await watcher.hear("scan");
  await send(report("/create", id, "PAID"));
  await watcher.hear("status");
  assert.equal(await watcher.closed, 1000);
  const stranger = new Socket("earlierWatch", path + encodeURIComponent(signature(id, "another key")));
  await stranger.hear("error");
  assert.equal(await stranger.closed, 4401);
  heardAll("earlierWatch", watcher, stranger);
});

test("the operator's feed tells what is described", { timeout: 20_000 }, async () => {
  const feed = new Socket("feed", "/dashboard/feed?shard=0", { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  await feed.opened;
  const id = newId();
  // A change leaves a moment after its update, so that those of the tests before may still come.
  const ofOthers = ({ type, transfer, transferId }) =>
    (type === "change" && transfer.id !== id) || (type === "removal" && transferId !== id);
  feed.sayDescribed("ping", JSON.parse(PING));
  await feed.hear("pong", ofOthers);
  await send(report("/create", id, "IN_FLIGHT"));
  await feed.hear("change", ofOthers);
  await send({ method: "DELETE", path: `/transfer/${id}`, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  await feed.hear("removal", ofOthers);
  feed.say("no JSON");
  await feed.hear("error", ofOthers);
  assert.equal(await feed.closed, 4400);
  heardAll("feed", feed);
});
