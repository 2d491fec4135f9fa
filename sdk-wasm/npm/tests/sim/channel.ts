/**
 * BroadcastChannel among the tabs of an origin. A word keeps its place among those of one sender to one receiver, and
 * goes to who was there when it was said; a frozen or dead page does not hear it, and what a tab said as it crashed may
 * be lost.
 */
import type { Page } from "./page.ts";
import type { Stage } from "./stage.ts";

interface Port {
  page: Page;
  hear(data: unknown): void;
  /** When the last word of each sender arrives. */
  last: Map<Port, number>;
}

export class Channels {
  readonly #stage: Stage;
  readonly #ports = new Map<string, Set<Port>>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** How many channels are open in pages that live. */
  get open(): number {
    return [...this.#ports.values()].reduce((sum, ports) => sum + ports.size, 0);
  }

  /** The constructor as a page has it. `held` counts what is open of one watch. */
  in(page: Page, held: Set<object>): typeof BroadcastChannel {
    const channels = this;
    class Channel {
      onmessage: ((event: { data: unknown }) => void) | null = null;
      readonly #name: string;
      readonly #port: Port;
      #isClosed = false;

      constructor(name: string) {
        this.#name = name;
        this.#port = {
          page,
          last: new Map(),
          hear: (data) => {
            if (!this.#isClosed) this.onmessage?.({ data });
          },
        };
        held.add(this);
        channels.#join(name, this.#port);
      }

      postMessage(data: unknown): void {
        if (this.#isClosed) throw new DOMException("Channel is closed", "InvalidStateError");
        channels.#post(this.#name, this.#port, structuredClone(data));
      }

      close(): void {
        this.#isClosed = true;
        held.delete(this);
        channels.#leave(this.#name, this.#port);
      }
    }
    return Channel as unknown as typeof BroadcastChannel;
  }

  /** A page is gone, and its channels with it. */
  forget(page: Page): void {
    for (const [name, ports] of this.#ports) for (const port of ports) if (port.page == page) this.#leave(name, port);
  }

  #join(name: string, port: Port): void {
    const ports = this.#ports.get(name) ?? new Set();
    this.#ports.set(name, ports.add(port));
  }

  #leave(name: string, port: Port): void {
    const ports = this.#ports.get(name);
    if (ports?.delete(port) && !ports.size) this.#ports.delete(name);
  }

  #post(name: string, from: Port, data: unknown): void {
    const { time, random, plan } = this.#stage;
    for (const port of this.#ports.get(name) ?? []) {
      if (port == from) continue;
      const at = Math.max(time.now + random.below(plan.channelDelay + 1), port.last.get(from) ?? 0);
      port.last.set(from, at);
      time.at(at, () => {
        if (!from.page.isMuted && !port.page.isFrozen) port.page.task(from, () => port.hear(data));
      });
    }
  }
}
