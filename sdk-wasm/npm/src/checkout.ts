/**
 * `<transfer-checkout>`: a whole payment on a shop's page, from the code to the thanks.
 *
 * @packageDocumentation
 */
import { drawCode } from "./checkout/code.ts";
import { countDown } from "./checkout/countdown.ts";
import { makeCard, type Card } from "./checkout/card.ts";
import { followNetwork } from "./checkout/network.ts";
import { askShop, begin, keep, kept, type CheckoutOrder, type CheckoutRequest, type Kept } from "./checkout/request.ts";
import { textsFor, type CheckoutTexts } from "./checkout/texts.ts";
import { ShopError, viewOf, type CheckoutView, type Facts } from "./checkout/view.ts";
import { isFinal } from "./final.ts";
import { watchTransfer, type Transfer } from "./index.ts";
// biome-ignore lint/suspicious/noTsIgnore: where React is not installed there is nothing to find, and nothing to type
/** @ts-ignore */
import type { ClassAttributes, HTMLAttributes } from "react";

export type { CheckoutOrder, CheckoutRequest, CheckoutTexts, CheckoutView };

// On a server there are no elements; the class is only declared there.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** Asks the shop for a payment of the order. */
export type CreateRequest = (order: CheckoutOrder, options: { signal: AbortSignal }) => Promise<CheckoutRequest>;

/** Gives a fresh signature, or `null` when there is none. */
export type GetSignature = (request: {
  transferId: string;
  signature: string;
  signal: AbortSignal;
}) => Promise<string | null>;

/**
 * The card of a payment: code and countdown, scanned, on its way, the ends, and what went wrong; English, German, Spanish,
 * French and Arabic by itself.
 *
 * Attributes: `amount` and `currency`, `description`, `reference` (the shop's own number for the order: a reload shows
 * the payment of the same order, and what is paid stays paid), `endpoint` (where the page asks the shop,
 * `/create-transfer-request` when left out), `lang`, and `keep-title` where the page's title is not to follow. The
 * element writes its `view` on itself. Slots: one for each view, shown beneath it, such as a way back to the shop in
 * `completed`. What else is in it is for pages without script. Parts: `card`, `heading`, `lead`, `message`, `button`,
 * `code`, `facts`, `steps`, `network`. Custom properties: `--checkout-accent`, `-on-accent`, `-ground`, `-ink`, `-muted`,
 * `-line`, `-tint`, `-bad`, `-bad-tint`, `-warn`, `-radius`. Events: `view` with the name and `status` with the transfer in
 * `detail`.
 *
 * @example
 * <transfer-checkout amount="12.10" currency="EUR" reference="order-1042">
 *   <a slot="completed" href="/orders/1042">Back to the shop</a>
 *   <noscript>This payment needs JavaScript.</noscript>
 * </transfer-checkout>
 */
export class TransferCheckoutElement extends Base {
  static readonly observedAttributes = ["lang"];

  #createRequest: CreateRequest | undefined;
  #getSignature: GetSignature | undefined;
  #texts: Partial<CheckoutTexts> | undefined;
  #card: Card | undefined;
  #facts: Facts = {};
  #payment: Kept | undefined;
  #view: CheckoutView | undefined;
  #stop: AbortController | undefined;
  #title: string | undefined;
  #due = false;

  /** Asks the shop for a payment, in place of a POST to `endpoint`. */
  get createRequest(): CreateRequest | undefined {
    return this.#createRequest;
  }

  set createRequest(createRequest: CreateRequest | undefined) {
    this.#createRequest = createRequest;
  }

  /** A fresh signature for a payment that outlives its code, `null` when there is none. The old one says who asks. */
  get getSignature(): GetSignature | undefined {
    return this.#getSignature;
  }

  set getSignature(getSignature: GetSignature | undefined) {
    this.#getSignature = getSignature;
  }

  /** Words of the page's own, in place of the element's. */
  get texts(): Partial<CheckoutTexts> | undefined {
    return this.#texts;
  }

  set texts(texts: Partial<CheckoutTexts> | undefined) {
    this.#texts = texts;
    this.#translate();
  }

  /** The payment that is shown. */
  get request(): CheckoutRequest | undefined {
    return this.#payment?.request;
  }

  /** Gives the payment up and begins another. */
  restart(): void {
    keep(this.#key);
    this.#begin();
  }

  connectedCallback(): void {
    for (const name of ["createRequest", "getSignature", "texts"] as const) {
      // Set before the element was defined, it is a property of the object itself and hides the accessor.
      const own = Object.getOwnPropertyDescriptor(this, name);
      if (own) {
        delete (this as Partial<this>)[name];
        this[name] = own.value;
      }
    }
    this.#schedule();
  }

  disconnectedCallback(): void {
    this.#schedule();
  }

  /** With this, `moveBefore` is no leave-taking. */
  connectedMoveCallback(): void {}

  attributeChangedCallback(): void {
    this.#translate();
  }

  /** After this moment's changes; an element that was only moved goes on. */
  #schedule(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (this.isConnected == !!this.#stop) return;
      if (this.isConnected) return this.#begin();
      this.#stop?.abort();
      this.#stop = undefined;
      if (this.#title !== undefined) document.title = this.#title;
      this.#title = this.#view = undefined;
    });
  }

  get #order(): CheckoutOrder {
    const text = (name: string) => {
      const value = this.getAttribute(name);
      return value ? { [name]: value } : undefined;
    };
    return {
      amount: Number(this.getAttribute("amount")),
      currency: this.getAttribute("currency") ?? "",
      ...text("description"),
      ...text("reference"),
    };
  }

  /** Another order, or another page, is another payment. */
  get #key(): string {
    return `transfer-checkout ${location.pathname}${location.search} ${JSON.stringify(this.#order)}`;
  }

  get #lang(): string {
    const near = this.closest("[lang]");
    return near?.getAttribute("lang") || document.documentElement.lang || navigator.language;
  }

  #translate(): void {
    this.#card?.translate(textsFor(this.#lang, this.#texts), this.#lang);
    this.#show();
  }

  #learn(news: Partial<Facts>): void {
    if (news.failure) console.error(news.failure);
    this.#facts = { ...this.#facts, ...news };
    this.#show();
  }

  #show(): void {
    const card = this.#card;
    if (!card) return;
    const view = viewOf(this.#facts);
    const isNew = view != this.#view;
    const isFirst = !this.#view;
    this.#view = view;
    this.setAttribute("view", view);
    const heading = card.show(view, this.#facts, this.#order, isNew, isFirst);
    if (this.#title !== undefined) {
      document.title = /starting|waiting/.test(view) ? this.#title : `${heading} · ${this.#title}`;
    }
    if (isNew) this.dispatchEvent(new CustomEvent("view", { detail: view }));
  }

  async #begin(): Promise<void> {
    this.#stop?.abort();
    const stop = new AbortController();
    const { signal } = stop;
    this.#stop = stop;
    this.#facts = {};
    this.#payment = undefined;
    this.#card ??= makeCard(this.attachShadow({ mode: "open" }), () => this.restart());
    if (!this.hasAttribute("keep-title")) this.#title ??= document.title;
    const card = this.#card;
    card.clear();
    this.#translate();
    const key = this.#key;
    const learn = (news: Partial<Facts>) => signal.aborted || this.#learn(news);

    let payment = kept(key);
    try {
      payment ??= begin(
        await (this.createRequest?.(this.#order, { signal }) ??
          askShop(this.getAttribute("endpoint") ?? "/create-transfer-request", this.#order, signal)),
      );
    } catch (failure) {
      const error = failure instanceof ShopError ? failure : new ShopError(String(failure), { cause: failure });
      return void learn({ failure: error });
    }
    if (signal.aborted) return;
    keep(key, (this.#payment = payment));
    const { request, ahead, valid, transfer } = payment;
    if (transfer) learn({ transfer });
    if (transfer && isFinal(transfer)) return;
    drawCode(card.code, request.qr, card.room);
    card.here.href = request.qr;

    let { signature } = request;
    const refresh = async ({ transferId, signal }: { transferId: string; signal: AbortSignal }) => {
      const fresh = await this.getSignature!({ transferId, signature, signal });
      if (fresh) signature = fresh;
      return fresh;
    };
    try {
      const watch = watchTransfer({
        url: request.url,
        transferId: request.transferRequestId,
        signature,
        signal,
        ...(this.getSignature && { getSignature: refresh }),
      });
      const stopClock = countDown(card, request.expiry * 1000 - ahead, valid, () => learn({ isExpired: true }));
      signal.addEventListener("abort", stopClock);
      watch.on("status", (transfer: Transfer) => {
        keep(key, { ...payment, transfer });
        learn({ transfer });
        this.dispatchEvent(new CustomEvent("status", { detail: transfer }));
      });
      watch.on("scan", ({ scanned }) => learn({ isScanned: scanned }));
      watch.on("error", (failure) => learn({ failure }));
      watch.on("closed", stopClock);
      learn({ isStarted: true });
      followNetwork(watch, card, signal);
    } catch (failure) {
      learn({ failure });
    }
  }
}

/** What the element takes in JSX. React 19 sets the functions and the words as properties and adds the listeners. */
export type TransferCheckoutProps = ClassAttributes<TransferCheckoutElement> &
  HTMLAttributes<TransferCheckoutElement> & {
    amount?: string | number;
    currency?: string;
    description?: string;
    reference?: string;
    endpoint?: string;
    "keep-title"?: boolean;
    createRequest?: CreateRequest | undefined;
    getSignature?: GetSignature | undefined;
    texts?: Partial<CheckoutTexts> | undefined;
    onview?: (event: CustomEvent<CheckoutView>) => void;
    onstatus?: (event: CustomEvent<Transfer>) => void;
  };

// biome-ignore lint/suspicious/noTsIgnore: as above
/** @ts-ignore */
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "transfer-checkout": TransferCheckoutProps;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "transfer-checkout": TransferCheckoutElement;
  }
}

globalThis.customElements?.get("transfer-checkout") ??
  globalThis.customElements?.define("transfer-checkout", TransferCheckoutElement);
