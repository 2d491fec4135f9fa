/** The network between browser and service: a TCP relay that can be slow, lose everything, or sockets alone. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What becomes of a WebSocket that is asked for: let through, refused at once, or never answered. */
export type Sockets = "pass" | "refuse" | "hang";

/** A WebSocket that was asked for. */
export interface Dial {
  readonly path: string;
  open: boolean;
}

export class Gateway {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();
  readonly #muted = new WeakSet<[Socket, Socket]>();
  readonly #sockets = new Set<Socket>();
  /** Every WebSocket that was asked for, in order. */
  readonly dials: Dial[] = [];
  /** Where to relay to, a port on this machine. */
  target = 0;
  /** What becomes of each new WebSocket. */
  sockets: Sockets = "pass";
  /** What each direction takes, in milliseconds: half of a round trip. */
  latency = 0;
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
    this.mute();
  }

  /** The connections there are say nothing any more, and nobody is told; new ones are fine. */
  mute(): void {
    for (const pair of this.#pairs) this.#muted.add(pair);
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
    this.sockets = allowed ? "pass" : "refuse";
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
      if (dial && this.sockets == "hang") return;
      if (dial && this.sockets == "refuse") return void browser.destroy();
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
      const carry = (to: Socket, data: Buffer) => {
        if (!this.#muted.has(pair)) to.write(data);
      };
      const relay = (from: Socket, to: Socket) => {
        from.on("data", (data) => this.#later(() => carry(to, data)));
        from.on("end", () => this.#later(() => to.end()));
      };
      this.#later(() => carry(server, head));
      relay(browser, server);
      relay(server, browser);
    });
  }

  /** Does it once the data has travelled. */
  #later(work: () => void): void {
    if (this.latency) setTimeout(work, this.latency);
    else work();
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // The end of a connection is told by `close`.
    socket.on("error", () => {});
  }
}
