// The network between a client and a server, which can be cut, frozen and mended.
import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Relay {
  #to;
  #listener;
  #port = 0;
  #pairs = new Set();
  #frozen = false;
  /** How many connections have come so far. */
  connections = 0;

  /** Relays to the host and port of a URL. */
  static async start(to) {
    const relay = new Relay();
    relay.#to = new URL(to);
    await relay.mend();
    return relay;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Breaks every connection off and refuses further ones. */
  async cut() {
    const closed = once(this.#listener, "close");
    this.#listener.close();
    for (const sides of this.#pairs) for (const side of sides) side.destroy();
    await closed;
  }

  /** Loses every byte from now on, and tells nobody: a dead link. New connections are taken and lost as well. */
  freeze() {
    this.#frozen = true;
    for (const sides of this.#pairs) for (const side of sides) side.pause();
  }

  /** The network is back. What was frozen stays dead, as a link does whose address has changed. */
  async mend() {
    this.#frozen = false;
    if (this.#listener?.listening) return;
    this.#listener = createServer((near) => this.#carry(near));
    this.#listener.listen(this.#port, "127.0.0.1");
    await once(this.#listener, "listening");
    this.#port = this.#listener.address().port;
  }

  async stop() {
    if (this.#listener.listening) await this.cut();
  }

  #carry(near) {
    this.connections += 1;
    if (this.#frozen) {
      near.pause();
      this.#hold([near]);
      return;
    }
    const far = connect(Number(this.#to.port), this.#to.hostname);
    this.#hold([near, far]);
    near.pipe(far).pipe(near);
  }

  #hold(sides) {
    this.#pairs.add(sides);
    for (const side of sides) {
      side.on("error", () => {});
      side.on("close", () => {
        this.#pairs.delete(sides);
        for (const other of sides) other.destroy();
      });
    }
  }
}
