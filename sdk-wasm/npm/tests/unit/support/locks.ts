/**
 * `navigator.locks` as the Web Locks standard has it, as far as the package uses it: exclusive locks, a queue, `signal`
 * and `steal`. Node 22 has none; browsers are tested with their own.
 */

interface Request {
  name: string;
  run: () => unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

const aborted = () => new DOMException("The request was aborted.", "AbortError");

export class Locks {
  /**
   * When a lock that became free is granted. A lock and a channel are ways of their own between two tabs, so either
   * may be the faster one: `queueMicrotask` is before any message, a timer of some milliseconds after it.
   */
  soon: (grant: () => void) => void;
  #held = new Map<string, Request>();
  #queue: Request[] = [];

  constructor(soon: (grant: () => void) => void = setTimeout) {
    this.soon = soon;
  }

  /** The names under which locks are held. */
  get names(): string[] {
    return [...this.#held.keys()];
  }

  request(name: string, options: { signal?: AbortSignal; steal?: boolean }, run: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) return reject(aborted());
      const request = { name, run, resolve, reject };
      if (options.steal) {
        this.#held.get(name)?.reject(aborted());
        this.#held.delete(name);
        this.#queue.unshift(request);
      } else this.#queue.push(request);
      options.signal?.addEventListener("abort", () => {
        if (this.#queue.includes(request)) {
          this.#queue = this.#queue.filter((other) => other != request);
          reject(aborted());
        }
      });
      this.soon(() => this.#grant());
    });
  }

  #grant(): void {
    for (const request of [...this.#queue]) {
      if (this.#held.has(request.name)) continue;
      this.#held.set(request.name, request);
      this.#queue = this.#queue.filter((other) => other != request);
      const release = () => {
        if (this.#held.get(request.name) == request) this.#held.delete(request.name);
        this.soon(() => this.#grant());
      };
      new Promise((done) => done(request.run())).then(request.resolve, request.reject).finally(release);
    }
  }
}
