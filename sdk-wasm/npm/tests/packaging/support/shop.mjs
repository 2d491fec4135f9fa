// A server with a shop in front of it: what a page gets from its shop, and a payment as a watcher has to see it.
import { randomUUID } from "node:crypto";

import { Server, sign } from "../../support/server.ts";

export class Shop extends Server {
  /** What a page gets from its shop: the options of `watchTransfer` for a new transfer. */
  request() {
    const transferId = `order-${randomUUID()}`;
    return { url: this.url, transferId, signature: sign(transferId) };
  }

  /**
   * One payment as a watcher has to see it. `sees(text)` waits until the watcher has told `text`, which is a status
   * with its version, or how `finished` was settled.
   */
  async pay({ transferId }, sees) {
    await sees("pending 0");
    await this.report(transferId, "processing", { amount: 12.1 });
    await sees("processing 1");
    await this.report(transferId, "completed", { amount: 12.1 });
    await sees("completed 2");
    await sees("finished completed");
  }
}
