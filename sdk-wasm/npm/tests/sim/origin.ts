/** The tabs of one origin in one browser: opened, hidden, frozen, closed and killed as a browser does. */
import { Channels } from "./channel.ts";
import type { Browser } from "./host.ts";
import { Locks } from "./locks.ts";
import { Network } from "./network.ts";
import type { Watch } from "./package.ts";
import { Page } from "./page.ts";
import type { Kind, TabPlan } from "./plan.ts";
import { FORGED, Service, signatureOf } from "./service.ts";
import type { Stage } from "./stage.ts";
import { Watcher } from "./watcher.ts";

export interface Tab {
  readonly page: Page;
  readonly plan: TabPlan;
  readonly watchers: Watcher[];
}

/** The package as each kind of tab has it. */
export type Packages = (kind: Kind) => Watch;

export class Origin implements Browser {
  readonly stage: Stage;
  readonly network: Network;
  readonly service: Service;
  readonly channels: Channels;
  readonly locks: Locks;
  clockOff = 0;
  /** The machine sleeps until then. */
  asleepUntil = 0;
  /** All that were ever opened. */
  readonly tabs: Tab[] = [];
  readonly #packages: Packages;
  /** What the shop hands to every tab, by payment. */
  readonly #handedOut = new Map<number, { signature: string; expiry: number }>();
  #signatures = 0;

  constructor(stage: Stage, packages: Packages) {
    this.stage = stage;
    this.network = new Network(stage);
    this.service = new Service(stage, this.network);
    this.network.service = this.service;
    this.channels = new Channels(stage);
    this.locks = new Locks(stage);
    this.#packages = packages;
  }

  /** The tabs that are there. */
  get living(): Tab[] {
    return this.tabs.filter(({ page }) => !page.isGone);
  }

  open(plan: TabPlan): void {
    const { time } = this.stage;
    if (time.now < this.asleepUntil) {
      time.at(this.asleepUntil, () => this.open(plan));
      return;
    }
    const page = new Page(this.stage, `tab ${this.tabs.length}`, plan.isHidden);
    const tab: Tab = { page, plan, watchers: [] };
    this.tabs.push(tab);
    this.stage.tell(`${page.name} opens: ${JSON.stringify(plan)}`);
    page.task(page, () => {
      for (const nth of plan.payments.keys()) {
        const watcher = new Watcher(this, this, this.#packages(plan.kind), page, plan, nth);
        tab.watchers.push(watcher);
        this.stage.judge.watchers.add(watcher);
      }
    });
  }

  sign(payment: number, isForged: boolean): string {
    const { lifetime, isHandedOut } = this.stage.plan.payments[payment]!;
    const { now } = this.stage.time;
    const known = this.#handedOut.get(payment);
    if (isHandedOut && !isForged && known && known.expiry > now + lifetime / 2) return known.signature;
    const expiry = now + lifetime;
    const signature = signatureOf(payment, expiry, isForged ? FORGED : String(this.#signatures++));
    if (!isForged) this.#handedOut.set(payment, { signature, expiry });
    return signature;
  }

  /** One after the other, each a task with its microtasks. */
  steps(...steps: (() => void)[]): void {
    for (const [n, step] of steps.entries()) this.stage.time.in(n, step);
  }

  /** The browser says something of network or page, and the page may act on it. */
  hint(tab: Tab, target: EventTarget, type: string): void {
    for (const watcher of tab.watchers) this.stage.judge.hinted(watcher);
    tab.page.dispatch(target, type);
  }

  show(tab: Tab, isShown: boolean): void {
    if (isShown) for (const watcher of tab.watchers) this.stage.judge.hinted(watcher);
    tab.page.show(isShown);
  }

  /** Frozen in the background, or put into the back-forward cache: told first, then nothing runs. */
  freeze(tab: Tab, isCached: boolean, ms: number): void {
    const { page } = tab;
    const gone = () => (isCached ? page.dispatch(page.window, "pagehide") : page.dispatch(page.document, "freeze"));
    const back = () => (isCached ? this.hint(tab, page.window, "pageshow") : this.hint(tab, page.document, "resume"));
    const halt = () => {
      if (page.isGone) return;
      for (const watcher of tab.watchers) this.stage.judge.frozen(watcher);
      page.halt(true);
    };
    if (isCached) this.steps(gone, () => this.show(tab, false), halt);
    else this.steps(() => this.show(tab, false), gone, halt);
    this.stage.time.in(ms + 5, () => {
      page.go(true);
      this.steps(back, () => this.show(tab, true));
    });
  }

  /** Closed by its user, who may reload it. */
  close(tab: Tab, isReloaded: boolean): void {
    const { page } = tab;
    this.steps(
      () => page.dispatch(page.window, "pagehide"),
      () => this.#vanish(tab, false),
    );
    if (isReloaded) this.stage.time.in(200, () => this.open({ ...tab.plan, isHidden: false }));
  }

  /** Killed by the browser or by a fault, without a word to the page. */
  kill(tab: Tab, isCrash: boolean): void {
    if (!tab.page.isGone) this.#vanish(tab, isCrash);
  }

  #vanish(tab: Tab, isCrash: boolean): void {
    const { page } = tab;
    this.stage.tell(`${page.name} is gone`);
    page.vanish(isCrash && this.stage.random.below(2) == 0);
    this.channels.forget(page);
    this.locks.forget(page, isCrash);
    for (const link of this.network.links) if (link.page == page) this.network.cut(link, false);
    for (const watcher of tab.watchers) this.stage.judge.watchers.delete(watcher);
  }
}
