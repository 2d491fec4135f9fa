/** The network between browser and service: a TCP relay that can lose everything, or sockets alone. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A WebSocket that was asked for. */
export interface Dial {
  readonly path: string;
  open: boolean;
}

export class Gateway {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();
  readonly #sockets = new Set<Socket>();
  /** Every WebSocket that was asked for, in order. */
  readonly dials: Dial[] = [];
  /** Where to relay to, a port on this machine. */
  target = 0;
  /** Refuses each new WebSocket, as a proxy that knows none does. */
  #noSockets = false;
  #cut = false;

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(): Promise<Gateway> {
    const gateway = new Gateway();
    gateway.#server.listen(0, "127.0.0.1");
    await once(gateway.#server, "listening");
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** WebSockets that are open now. */
  get open(): number {
    return this.dials.filter(({ open }) => open).length;
  }

  /** From now on nothing gets through, and nobody is told: what a tunnel does to a train. */
  cut(): void {
    this.#cut = true;
    for (const pair of this.#pairs) pair.forEach((socket) => socket.pause());
  }

  /** What is sent gets through again. Connections from before are lost, as after a change of network. */
  restore(): void {
    this.#cut = false;
    this.drop();
  }

  /** Ends every connection without a word; new ones may be made. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets WebSockets through, or none: those that are open are lost too. */
  allowSockets(allowed: boolean): void {
    this.#noSockets = !allowed;
    if (!allowed) this.drop();
  }

  async close(): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(browser: Socket): void {
    this.#hold(browser);
    browser.once("data", (head) => {
      const path = /^GET (\/ws\/\S*)/.exec(head.toString("latin1"))?.[1];
      const dial = path && { path, open: false };
      if (dial) this.dials.push(dial);
      if (this.#cut) return;
      if (dial && this.#noSockets) return void browser.destroy();
      const server = connect(this.target, "127.0.0.1");
      this.#hold(server);
      const pair: [Socket, Socket] = [browser, server];
      this.#pairs.add(pair);
      for (const socket of pair) {
        socket.on("close", () => {
          this.#pairs.delete(pair);
          pair.forEach((socket) => socket.destroy());
          if (dial) dial.open = false;
        });
      }
      if (dial) server.once("data", (answer) => (dial.open = / 101 /.test(answer.subarray(0, 20).toString("latin1"))));
      server.write(head);
      browser.pipe(server).pipe(browser);
    });
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // The end of a connection is told by `close`.
    socket.on("error", () => {});
  }
}
