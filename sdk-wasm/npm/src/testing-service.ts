/** A service within the process, for the real client: sockets and polls come here instead of to the network. */
import { isFinal } from "./final.ts";
import type { Status, Transfer } from "./types.ts";

/** A service that holds transfers in memory. */
export interface FakeService {
  /** What `watchTransfer` is to be given as `url`. */
  readonly url: string;
  /** Everybody who has a socket for the transfer. */
  watchers(transferId: string): number;
  /** A backend has reported; watchers are told, and a final status closes their sockets. */
  update(transferId: string, status: Status, fields?: Partial<Omit<Transfer, "id" | "status">>): Transfer;
  /** The code was scanned, or with `false` the phone was put away. */
  scan(transferId: string, scanned?: boolean): void;
  /** Closes the sockets of a transfer, by default as a network does that fails; with 4401, say, as a refusal. */
  drop(transferId: string, code?: number): void;
  /** With `false` nobody reaches the service, until `true`. */
  reachable(isReachable: boolean): void;
  /** Puts the page's own `WebSocket` and `fetch` back. */
  restore(): void;
}

/**
 * Puts itself in the place of `WebSocket` and `fetch` for its own address; everything else goes on as it was. Signatures are
 * not looked at.
 *
 * @example
 * const service = fakeService();
 * const watch = watchTransfer({ url: service.url, transferId: "order-1", signature: "any" });
 * service.update("order-1", "completed");
 * assert.equal((await watch.finished).status, "completed");
 * service.restore();
 */
export const fakeService = (url = "https://status.test"): FakeService => {
  const host = globalThis;
  const { WebSocket: RealSocket, fetch: realFetch } = host;
  const transfers = new Map<string, Transfer>();
  const sockets = new Map<string, Set<Socket>>();
  let isReachable = true;
  let clock = Date.UTC(2024, 0, 15, 10, 30);

  const read = (id: string): Transfer =>
    transfers.get(id) ?? { id, status: "pending", updatedAt: new Date(clock).toISOString(), version: 0 };
  const idOf = (address: string | URL, kind: string) => {
    const { pathname, host: at } = new URL(address);
    return at == new URL(url).host ? new RegExp(`/${kind}/([^/]+)$`).exec(pathname)?.[1] : undefined;
  };

  class Socket {
    readyState = 0;
    readonly protocol = "transfer-status.v1";
    onopen?: (event: object) => void;
    onmessage?: (event: { data: string }) => void;
    onclose?: (event: { code: number }) => void;
    onerror?: (event: object) => void;
    readonly #id: string;

    constructor(id: string) {
      this.#id = id;
      queueMicrotask(() => {
        if (this.readyState) return;
        if (!isReachable) {
          this.onerror?.({});
          return this.end(1006);
        }
        this.readyState = 1;
        const all = sockets.get(id) ?? new Set();
        sockets.set(id, all.add(this));
        this.onopen?.({});
        this.tell({ type: "status", transfer: read(id) });
        if (isFinal(read(id))) this.end(1000);
      });
    }

    send(text: string): void {
      if (JSON.parse(text).type == "ping") this.tell({ type: "pong" });
    }

    close(): void {
      this.readyState = 3;
      sockets.get(this.#id)?.delete(this);
    }

    tell(message: object): void {
      if (this.readyState == 1) this.onmessage?.({ data: JSON.stringify(message) });
    }

    end(code: number): void {
      if (this.readyState == 3) return;
      this.close();
      this.onclose?.({ code });
    }
  }
  const all = (id: string) => [...(sockets.get(id) ?? [])];

  // A proxy, so that `instanceof` and the constants of the real one are still there.
  host.WebSocket = new Proxy(RealSocket ?? class {}, {
    construct(target, [address, protocols]) {
      const id = idOf(String(address).replace(/^ws/, "http"), "ws");
      return id ? new Socket(id) : (Reflect.construct(target, [address, protocols]) as object);
    },
  }) as typeof WebSocket;
  host.fetch = async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    const id = /^https?:/.test(address) && idOf(address, "transfer");
    if (!id) return realFetch.call(host, input, init);
    if (!isReachable) throw new TypeError("the service is out of reach, as the test has it");
    const transfer = read(id);
    const tag = `"${transfer.version}"`;
    const isKnown = new Headers(init?.headers).get("if-none-match") == tag;
    return new Response(isKnown ? null : JSON.stringify(transfer), {
      status: isKnown ? 304 : 200,
      headers: { etag: tag },
    });
  };

  return {
    url,
    watchers: (id) => all(id).length,
    update(id, status, fields) {
      const before = read(id);
      if (isFinal(before)) throw new Error(`${id} is ${before.status} already; nothing can follow`);
      const updatedAt = new Date((clock += 1_000)).toISOString();
      const transfer = { ...before, updatedAt, ...fields, status, version: before.version! + 1 };
      transfers.set(id, transfer);
      for (const socket of all(id)) {
        socket.tell({ type: "status", transfer });
        if (isFinal(transfer)) socket.end(1000);
      }
      return transfer;
    },
    scan(id, scanned = true) {
      for (const socket of all(id))
        socket.tell({ type: "scan", transferId: id, scanned, at: new Date(clock).toISOString() });
    },
    drop(id, code = 1006) {
      for (const socket of all(id)) socket.end(code);
    },
    reachable: (is) => {
      isReachable = is;
      if (!is) for (const id of sockets.keys()) for (const socket of all(id)) socket.end(1006);
    },
    restore() {
      host.WebSocket = RealSocket;
      host.fetch = realFetch;
    },
  };
};
