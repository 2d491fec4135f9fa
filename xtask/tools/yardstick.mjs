// The least that a Durable Object can do for an update: store it, tell the watchers, answer. It verifies nothing, keeps
// no history and lists nothing: what `cargo xtask bench server --yardstick` holds the server against, on one machine in
// one run. It speaks as much of the protocol as the bench does.

const FINAL = ["completed", "failed", "cancelled"];

export class TransferRoom {
  #state;
  #transfer;

  constructor(state) {
    this.#state = state;
  }

  async fetch(request) {
    const id = new URL(request.url).pathname.slice(1);
    this.#transfer ??= this.#state.storage.kv.get("transfer") ?? {
      id,
      status: "pending",
      version: 0,
      updatedAt: new Date().toISOString(),
    };
    if (request.headers.has("upgrade")) {
      const { 0: client, 1: server } = new WebSocketPair();
      this.#state.acceptWebSocket(server);
      server.send(this.#frame());
      return new Response(null, {
        status: 101,
        webSocket: client,
        headers: { "sec-websocket-protocol": "transfer-status.v1" },
      });
    }
    const { status, message } = await request.json();
    this.#transfer = { id, status, message, version: this.#transfer.version + 1, updatedAt: new Date().toISOString() };
    this.#state.storage.kv.put("transfer", this.#transfer);
    for (const socket of this.#state.getWebSockets()) {
      socket.send(this.#frame());
      if (FINAL.includes(status)) socket.close(1000, "final");
    }
    return Response.json(this.#transfer);
  }

  webSocketMessage() {}

  webSocketClose(socket, code) {
    socket.close(code);
  }

  #frame() {
    return JSON.stringify({ type: "status", transfer: this.#transfer });
  }
}

export class RecentIndex {}

export { default } from "./bare-worker.mjs";
