// The calls to the platform that the server's promises take, and nothing else: what `cargo xtask bench server --yardstick`
// holds the server against beside the bare object, to tell what is the platform's price and what is the server's own.
//
// As the server does, a first update asks the archive, the alarm is set before anything is taken, a row holds the latest
// sixteen changes, what is durable goes to the list by a batch, and the final one to the archive. It verifies nothing,
// refuses nothing, and repeats nothing that fails.

const FINAL = ["completed", "failed", "cancelled"];
const MOST_CHANGES = 16;
const OUTBOX_RETRY_MS = 900_000;
const PAUSE_MS = 100;
const PAGE = 50;
const HISTORY_TTL_SECONDS = 400 * 86_400;

// The rooms of an isolate share it.
const waiting = new Map();
let isSending = false;

export class TransferRoom {
  #state;
  #env;
  #transfer;
  #changes = [];
  #isArmed = false;

  constructor(state, env) {
    this.#state = state;
    this.#env = env;
  }

  async fetch(request) {
    const id = request.url.slice("https://room/".length);
    if (request.headers.has("upgrade")) return this.#watch(id);
    const update = JSON.parse(await request.text());
    await this.#arm();
    this.#transfer ??= this.#stored() ?? (await this.#env.HISTORY.get(id, "json")) ?? this.#announced(id);
    const { status, message } = update;
    this.#transfer = { id, status, message, version: this.#transfer.version + 1, updatedAt: new Date().toISOString() };
    this.#changes = [...this.#changes.slice(1 - MOST_CHANGES), this.#transfer];
    this.#state.storage.kv.put("transfer", JSON.stringify(this.#changes));
    const frame = this.#frame();
    for (const socket of this.#state.getWebSockets()) {
      socket.send(frame);
      if (FINAL.includes(status)) socket.close(1000, "final");
    }
    this.#state.waitUntil(this.#deliver());
    return Response.json(this.#transfer);
  }

  async #watch(id) {
    this.#transfer ??= this.#stored() ?? (await this.#env.HISTORY.get(id, "json")) ?? this.#announced(id);
    const { 0: client, 1: server } = new WebSocketPair();
    this.#state.acceptWebSocket(server);
    server.send(this.#frame());
    await this.#arm();
    const headers = { "sec-websocket-protocol": "transfer-status.v1" };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  // For the outbox, and for the socket whose signature ends.
  async #arm() {
    if (this.#isArmed || (await this.#state.storage.getAlarm()) !== null) return;
    this.#isArmed = true;
    this.#state.storage.setAlarm(Date.now() + OUTBOX_RETRY_MS);
  }

  async #deliver() {
    await this.#state.storage.sync();
    const { id, status } = this.#transfer;
    waiting.set(id, JSON.stringify(this.#transfer));
    if (!isSending) await this.#send();
    if (!FINAL.includes(status)) return;
    await this.#env.HISTORY.put(id, JSON.stringify(this.#transfer), { expirationTtl: HISTORY_TTL_SECONDS });
  }

  async #send() {
    isSending = true;
    while (waiting.size > 0) {
      const body = [...waiting.values()].join("\n");
      waiting.clear();
      const answer = await this.#env.RECENT.getByName("0").fetch("https://shard/", { method: "POST", body });
      await answer.text();
      await scheduler.wait(PAUSE_MS);
    }
    isSending = false;
  }

  #stored() {
    const changes = this.#state.storage.kv.get("transfer");
    if (changes === undefined) return undefined;
    this.#changes = JSON.parse(changes);
    return this.#changes.at(-1);
  }

  #announced(id) {
    return { id, status: "pending", version: 0, updatedAt: new Date().toISOString() };
  }

  #frame() {
    return JSON.stringify({ type: "status", transfer: this.#transfer });
  }

  alarm() {}

  webSocketMessage() {}

  webSocketClose(socket, code) {
    socket.close(code);
  }
}

// A row a page of newcomers.
export class RecentIndex {
  #state;
  #known = new Set();
  #page = [];
  #pages = 0;

  constructor(state) {
    this.#state = state;
  }

  async fetch(request) {
    const lines = (await request.text()).split("\n");
    const newcomers = lines.filter((line) => !this.#known.has(JSON.parse(line).id));
    for (const line of newcomers) {
      this.#known.add(JSON.parse(line).id);
      this.#page.push(line);
    }
    if (newcomers.length > 0) this.#state.storage.kv.put(`page ${this.#pages}`, this.#page.join("\n"));
    if (this.#page.length >= PAGE) {
      this.#page = [];
      this.#pages += 1;
    }
    return new Response();
  }
}

export { default } from "./bare-worker.mjs";
