/** One watch of one page: the real `watch` in a simulated host, every event of it told to the judge. */
import type { TransferWatch } from "../../src/types.ts";
import { Held, hostOf, type Browser } from "./host.ts";
import type { Link } from "./network.ts";
import { compile, refuse, type Watch } from "./package.ts";
import type { Page } from "./page.ts";
import type { TabPlan } from "./plan.ts";
import { idOf } from "./service.ts";

/** Hands signatures out, as a shop's backend does. */
export interface Shop {
  sign(payment: number, isForged: boolean): string;
}

export class Watcher {
  readonly name: string;
  readonly page: Page;
  readonly plan: TabPlan;
  readonly payment: number;
  readonly held = new Held();
  readonly watch: TransferWatch;
  /** What it presents at the moment. */
  signature: string;
  connection = "connecting";
  isShared = false;
  /** Since when it has said that it is live. */
  liveSince = 0;
  shown: { life: number; version: number; status: string } | undefined;
  isOver = false;
  /** Its user wanted no more. */
  isStopped = false;
  readonly #browser: Browser;
  readonly #shop: Shop;

  constructor(browser: Browser, shop: Shop, watch: Watch, page: Page, plan: TabPlan, nth: number) {
    const { judge, random } = browser.stage;
    this.#browser = browser;
    this.#shop = shop;
    this.name = `${page.name}.${nth}`;
    this.page = page;
    this.plan = plan;
    this.payment = plan.payments[nth]!;
    this.signature = shop.sign(this.payment, plan.isForged);
    const doings = {
      dialled: (link: Link) => judge.dialled(this, link),
      pinged: () => judge.pinged(this),
      polled: () => judge.polled(this),
      heard: (word: string | number) => judge.heard(this, word),
    };
    const seed = random.below(2 ** 32);
    const host = hostOf(browser, page, plan.kind, this.payment, this.held, doings, seed);
    this.watch = watch(
      random.below(10) ? compile : refuse,
      {
        url: "https://status.example",
        transferId: idOf(this.payment),
        signature: this.signature,
        share: plan.kind != "alone",
        ...(plan.canRefresh && { getSignature: () => this.#refresh() }),
        log: (name: string, ...[value, detail]: any[]) => {
          if (name == "status") judge.shown(this, value);
          else if (name == "connection") judge.connected(this, value, detail.isShared);
          else if (name == "problem")
            browser.stage.tell(`${this.name} has a problem: ${value?.kind ?? "none any more"}`);
          else if (name == "notice") judge.noticed(this);
          else if (name == "closed") judge.closed(this, value);
        },
      },
      host,
    );
  }

  /** It could hear the others, and be heard. */
  get canShare(): boolean {
    return this.plan.kind == "shares" || this.plan.kind == "next-version";
  }

  /** Those with whom it has to share a link. */
  get group(): string {
    return `${this.plan.kind} ${this.payment} ${this.signature}`;
  }

  #refresh(): Promise<string> {
    this.#browser.stage.tell(`${this.name} asks for a signature`);
    return new Promise((resolve, reject) => {
      this.#browser.network.ask(
        () => ({ status: 200, body: this.#shop.sign(this.payment, this.plan.isForged) }),
        (answer) =>
          this.page.task(this, () => {
            if (answer?.status != 200 || answer.body!.startsWith("<")) return reject(new TypeError("Failed to fetch"));
            this.signature = answer.body!;
            resolve(this.signature);
          }),
      );
    });
  }
}
