/**
 * The network between a machine and the service: links that are slow, reset or dead without a word, a network that
 * swallows every packet for a while, a portal in front of it, a proxy that lets no upgrade through.
 */
import type { Page } from "./page.ts";
import type { Answer, Service } from "./service.ts";
import type { Stage } from "./stage.ts";

/** After so long a browser gives up an attempt by itself. */
const BROWSER_TIMEOUT_MS = 120_000;
/** A link that was lost without a close frame. */
const LOST = 1006;

/** The browser's end of a link: each is a task of the page. */
export interface Client {
  opened(): void;
  message(text: string): void;
  closed(code: number): void;
}

/** A socket, from the dial on. */
export class Link {
  readonly page: Page;
  readonly payment: number;
  readonly signature: string;
  readonly client: Client;
  /** Nothing crosses it any more, and neither end knows. */
  isDead = false;
  /** The page has closed it. */
  isClosed = false;
  /** When what was sent last arrives, up and down. */
  readonly last = [0, 0];

  constructor(page: Page, payment: number, signature: string, client: Client) {
    this.page = page;
    this.payment = payment;
    this.signature = signature;
    this.client = client;
  }
}

export class Network {
  hangsUntil = 0;
  offlineUntil = 0;
  portalUntil = 0;
  noUpgradesUntil = 0;
  slowUntil = 0;
  readonly links = new Set<Link>();
  readonly #stage: Stage;
  service!: Service;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  dial(link: Link): void {
    const { time, random, plan } = this.#stage;
    const { now } = time;
    this.links.add(link);
    const isRefused = now < this.offlineUntil || (now < this.portalUntil && random.below(2) == 0);
    const isSwallowed =
      now < this.hangsUntil || now < this.portalUntil || now < this.noUpgradesUntil || plan.isSocketless;
    if (isRefused) time.in(1 + random.below(100), () => this.lose(link));
    else if (isSwallowed) time.in(BROWSER_TIMEOUT_MS, () => this.lose(link));
    // TCP and TLS have a round trip each before the request.
    else
      this.up(link, () => this.down(link, () => this.up(link, () => this.up(link, () => this.service.accept(link)))));
  }

  /** The page closes its end. */
  hangUp(link: Link): void {
    if (link.isClosed) return;
    link.isClosed = true;
    this.up(link, () => this.service.left(link));
    this.#stage.time.in(2 * this.#stage.plan.latency, () => this.lose(link, 1000));
  }

  /** Towards the service. */
  up(link: Link, run: () => void): void {
    this.#cross(link, 0, run);
  }

  /** Towards the page. */
  down(link: Link, run: () => void): void {
    this.#cross(link, 1, run);
  }

  /** The page hears that the link is over; once. */
  lose(link: Link, code = LOST): void {
    if (this.links.delete(link)) link.client.closed(code);
  }

  /** The link ends in the middle: as a reset, or in silence. */
  cut(link: Link, isSilent: boolean): void {
    this.service.left(link);
    if (isSilent) link.isDead = true;
    else this.#stage.time.in(1 + this.#stage.random.below(20), () => this.lose(link));
  }

  /** One request: what comes back, or `undefined` for a network error; never, where it hangs. */
  ask(ask: () => Answer | undefined, told: (answer: Answer | undefined) => void): void {
    const { time, random } = this.#stage;
    const { now } = time;
    if (now < this.hangsUntil) return;
    if (now < this.offlineUntil) return void time.in(1 + random.below(50), () => told(undefined));
    if (now < this.portalUntil) {
      const page = { status: random.pick([200, 302, 511]), body: "<html>Sign in</html>" };
      return void time.in(this.#delay(), () => told(page));
    }
    time.in(3 * this.#delay(), () => {
      const answer = ask();
      if (time.now < this.hangsUntil) return;
      time.in(this.#delay(), () => told(answer));
    });
  }

  #delay(): number {
    const { time, random, plan } = this.#stage;
    return 1 + random.below(plan.latency) + (time.now < this.slowUntil ? random.below(3_000) : 0);
  }

  #cross(link: Link, way: 0 | 1, run: () => void): void {
    if (link.isDead) return;
    const { time } = this.#stage;
    const at = Math.max(Math.max(time.now, this.hangsUntil) + this.#delay(), link.last[way]!);
    link.last[way] = at;
    time.at(at, () => {
      if (!link.isDead && (way == 0 || this.links.has(link))) run();
    });
  }
}
