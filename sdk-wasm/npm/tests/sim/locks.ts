/**
 * The Web Locks standard as far as the package uses it: exclusive locks, a queue, `signal` and `steal`. The manager is
 * a process of its own: a request, a grant and a release take their time, so that a grant may meet a request that was
 * called off on its way, and a crashed page releases late.
 */
import type { Page } from "./page.ts";
import type { Stage } from "./stage.ts";

interface Request {
  page: Page;
  name: string;
  steals: boolean;
  /** What the page does when it is told. */
  granted(): void;
  stolen(): void;
}

/** How late the locks of a page that crashed come free. */
const LATE_MS = 3_000;

const aborted = () => new DOMException("The request was aborted.", "AbortError");

export class Locks {
  readonly #stage: Stage;
  readonly #held = new Map<string, Request>();
  #queue: Request[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** How many locks are held or asked for. */
  get open(): number {
    return this.#held.size + this.#queue.length;
  }

  /** `navigator.locks` of a page. `held` counts what is asked for or held by one watch. */
  in(page: Page, held: Set<object>): unknown {
    const manager = new Wire(this.#stage);
    const tab = new Wire(this.#stage);
    return {
      request: (name: string, options: { signal?: AbortSignal; steal?: boolean }, run: () => unknown) =>
        new Promise((resolve, reject) => {
          if (options.signal?.aborted) return reject(aborted());
          let isOver = false;
          let isGranted = false;
          const end = (settle: () => void) => {
            if (isOver) return;
            isOver = true;
            held.delete(request);
            settle();
          };
          const request: Request = {
            page,
            name,
            steals: !!options.steal,
            granted: () =>
              tab.send(() =>
                page.task(this, () => {
                  const release = () => manager.send(() => this.#release(request));
                  // Called off in the meantime.
                  if (isOver) return release();
                  isGranted = true;
                  held.add(request);
                  new Promise((done) => done(run())).then(
                    (value) => (release(), end(() => resolve(value))),
                    (error) => (release(), end(() => reject(error))),
                  );
                }),
              ),
            stolen: () => tab.send(() => page.task(this, () => end(() => reject(aborted())))),
          };
          // A theft cannot be called off: the standard takes no signal with it.
          if (!request.steals) held.add(request);
          options.signal?.addEventListener("abort", () => {
            if (isGranted) return;
            end(() => reject(aborted()));
            manager.send(() => {
              this.#queue = this.#queue.filter((other) => other != request);
            });
          });
          manager.send(() => this.#ask(request));
        }),
    };
  }

  /** A page is gone: at once, or as late as the browser notices. */
  forget(page: Page, isCrash: boolean): void {
    const { time, random } = this.#stage;
    time.in(random.below(isCrash ? LATE_MS : 50), () => {
      this.#queue = this.#queue.filter((request) => request.page != page);
      for (const request of [...this.#held.values()]) if (request.page == page) this.#release(request);
    });
  }

  #ask(request: Request): void {
    if (request.page.isGone) return;
    if (request.steals) {
      this.#held.get(request.name)?.stolen();
      this.#held.set(request.name, request);
      request.granted();
    } else {
      this.#queue.push(request);
      this.#grant(request.name);
    }
  }

  #release(request: Request): void {
    if (this.#held.get(request.name) == request) this.#held.delete(request.name);
    this.#grant(request.name);
  }

  #grant(name: string): void {
    if (this.#held.has(name)) return;
    const next = this.#queue.find((request) => request.name == name);
    if (!next) return;
    this.#queue = this.#queue.filter((request) => request != next);
    this.#held.set(name, next);
    next.granted();
  }
}

/** One way between a page and the manager: what is sent first arrives first. */
class Wire {
  readonly #stage: Stage;
  #last = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  send(run: () => void): void {
    const { time, random, plan } = this.#stage;
    this.#last = Math.max(this.#last, time.now + random.below(plan.lockDelay + 1));
    time.at(this.#last, run);
  }
}
