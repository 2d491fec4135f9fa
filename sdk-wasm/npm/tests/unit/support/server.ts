/** A real server on a local port: WebSocket upgrades and `GET /transfer/{id}`, answered as a test says. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

import type { Transfer } from "../../../src/types.ts";

/** A transfer as the server sends it. */
export const transfer = (change: Partial<Transfer> = {}): Transfer => ({
  id: "transfer-123",
  status: "pending",
  updatedAt: "2024-01-15T10:30:00.000Z",
  version: 1,
  ...change,
});
export const status = (change?: Partial<Transfer>): string =>
  JSON.stringify({ type: "status", transfer: transfer(change) });

/** The options that fit {@link transfer}. */
export const signature = "eyJ0cmFuc2Zlcg==.c2ln+bmF0dXJl";

type OnSocket = (socket: WebSocket, request: IncomingMessage, attempt: number) => void;
type OnGet = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

export class TestServer {
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "transfer-status.v1" });
  readonly #arrived: (() => void)[] = [];
  /** Answers a new socket. */
  onSocket: OnSocket = (socket) => socket.send(status());
  /** A network that lets no socket through: upgrades get no answer. */
  isHanging = false;
  /** Answers a poll. */
  onGet: OnGet = (_, response) => response.writeHead(404).end();
  /** What clients asked for, and said. */
  readonly upgrades: IncomingMessage[] = [];
  readonly gets: IncomingMessage[] = [];
  readonly said: string[] = [];

  private constructor() {
    this.#http = createServer((request, response) => {
      this.gets.push(request);
      this.onGet(request, response, this.gets.length);
      this.#wake();
    });
    this.#http.on("upgrade", (request, stream, head) => {
      this.upgrades.push(request);
      if (this.isHanging) return this.#wake();
      this.#sockets.handleUpgrade(request, stream, head, (socket) => {
        socket.on("message", (data) => {
          this.said.push(String(data));
          if (String(data) == '{"type":"ping"}') socket.send('{"type":"pong"}');
          this.#wake();
        });
        socket.on("close", () => this.#wake());
        this.onSocket(socket, request, this.upgrades.length);
        this.#wake();
      });
    });
  }

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    server.#http.listen(0, "127.0.0.1");
    await once(server.#http, "listening");
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** The sockets that are open. */
  get open(): WebSocket[] {
    return [...this.#sockets.clients].filter(({ readyState }) => readyState == 1);
  }

  send(text: string): void {
    for (const socket of this.open) socket.send(text);
  }

  /** Waits until what the server has seen fulfils `test`. */
  async until(test: () => boolean): Promise<void> {
    while (!test()) await new Promise<void>((done) => this.#arrived.push(done));
  }

  stop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
  }

  #wake(): void {
    this.#arrived.splice(0).forEach((done) => done());
  }
}
