// The network between the page and the server: TCP, with what goes wrong on one.
import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect } from "node:net";

export class Network {
  #server;
  #open = new Set();
  /** Nothing but plain HTTP gets through, as in some companies. */
  refuseSockets = false;
  /** How many sockets were asked for. */
  dialled = 0;

  static async to(url) {
    const network = new Network();
    const { hostname, port } = new URL(url);
    network.#server = createServer((from, answer) => {
      const { method, url: path, headers } = from;
      const onward = request({ hostname, port, method, path, headers }, (came) => {
        answer.writeHead(came.statusCode, came.headers);
        came.pipe(answer);
      });
      onward.on("error", () => answer.destroy());
      from.pipe(onward);
    });
    network.#server.on("upgrade", ({ url: path, rawHeaders }, near, head) => {
      network.dialled += 1;
      if (network.refuseSockets) return near.destroy();
      const far = connect(Number(port), hostname);
      const lines = [];
      for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`);
      far.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
      far.write(head);
      near.pipe(far).pipe(near);
      const link = { near, far };
      network.#open.add(link);
      const gone = () => {
        near.destroy();
        far.destroy();
        network.#open.delete(link);
      };
      // What counts is that the page has closed its end; the server may keep its own for a while.
      near.on("end", gone);
      for (const end of [near, far]) end.on("error", () => {}).on("close", gone);
    });
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** How many sockets are open. */
  get open() {
    return this.#open.size;
  }

  /** Sockets that are open stay so, and nothing comes through them any more. New ones are well. */
  die() {
    for (const { near, far } of this.#open) {
      near.unpipe(far);
      far.unpipe(near);
    }
    this.#open.clear();
  }

  stop() {
    for (const { near } of this.#open) near.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
