// A transfer's room as users of partyserver write it, from its README: what was said last is read in `onStart` and stored in
// `onRequest`, before everybody is told by `broadcast`. It is durable, and one room's messages are in order; it verifies
// nothing, keeps no history and lists nothing. What `cargo xtask bench server --yardstick` measures beside the server; it
// speaks as much of the protocol as the bench does.
import { routePartykitRequest, Server } from "partyserver";

const FINAL = ["completed", "failed", "cancelled"];

export class TransferRoom extends Server {
  static options = { hibernate: true };

  async onStart() {
    const stored = await this.ctx.storage.get("transfer");
    this.transfer = stored ?? { id: this.name, status: "pending", version: 0, updatedAt: new Date().toISOString() };
  }

  onConnect(connection) {
    connection.send(this.#frame());
  }

  async onRequest(request) {
    const { status, message } = await request.json();
    const version = this.transfer.version + 1;
    this.transfer = { id: this.name, status, message, version, updatedAt: new Date().toISOString() };
    await this.ctx.storage.put("transfer", this.transfer);
    this.broadcast(this.#frame());
    if (FINAL.includes(status)) for (const connection of this.getConnections()) connection.close(1000, "final");
    return Response.json(this.transfer);
  }

  #frame() {
    return JSON.stringify({ type: "status", transfer: this.transfer });
  }
}

export class RecentIndex {}

// The paths of the bench, as those that partyserver routes by.
const PARTY = "https://room/parties/rooms/";

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/ws/")) {
      const headers = { upgrade: "websocket" };
      const answer = await routePartykitRequest(new Request(PARTY + pathname.slice("/ws/".length), { headers }), env);
      const protocol = { "sec-websocket-protocol": "transfer-status.v1" };
      return new Response(null, { status: 101, webSocket: answer.webSocket, headers: protocol });
    }
    if (pathname !== "/update") return new Response();
    const body = await request.text();
    const id = JSON.parse(body).transferId;
    return routePartykitRequest(new Request(PARTY + id, { method: "POST", body }), env);
  },
};
