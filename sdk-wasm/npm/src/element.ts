/**
 * `<transfer-status>`: a status on a page without a line of script.
 *
 * Link `@transfer-status/client/element.css`, or put its one rule into the page's style: without it, the texts for every
 * status are shown until the element is defined.
 *
 * @packageDocumentation
 */
import {
  TransferStatusError,
  watchTransfer,
  type Connection,
  type Problem,
  type Transfer,
  type TransferWatch,
  type WatchEvents,
  type WatchOptions,
} from "./index.ts";
// biome-ignore lint/suspicious/noTsIgnore: where React is not installed there is nothing to find, and nothing to type
/** @ts-ignore */
import type { ClassAttributes, HTMLAttributes } from "react";

// On a server there are no elements; the class is only declared there.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** The events of the element: those of a watch, with the value in `detail`. */
export type TransferStatusEvents = { [Name in keyof WatchEvents]: CustomEvent<WatchEvents[Name]> };

/**
 * Shows one transfer.
 *
 * Attributes: `url`, and `transfer-id` with `signature`, or `qr`. The element writes `status`, `connection` and, while
 * something keeps it from being live, `problem` on itself for styling. Slots: one for each status (`pending`,
 * `processing`, …), `waiting` before the first one, and `error`; the one that fits is shown, with the plain word inside
 * when you give none. Parts: `region`, `status`, `message`. Events: `status`, `connection`, `problem`, `scan`, `notice`,
 * `error` and `closed`, with the value in `detail`. Attributes that cannot be watched are an `error` with the code
 * `failed`; while they are not complete it waits.
 *
 * @example
 * <link rel="stylesheet" href="…/element.css">
 * <transfer-status url="https://status.example.com" transfer-id="transfer-123" signature="eyJ0cm…">
 *   <p slot="waiting">One moment…</p>
 *   <p slot="completed">Paid. Thank you!</p>
 * </transfer-status>
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface below adds types of its listeners, no members
export class TransferStatusElement extends Base {
  static readonly observedAttributes = ["url", "transfer-id", "signature", "qr"];

  #getSignature: WatchOptions["getSignature"];
  #watch: TransferWatch | undefined;
  /** Whether the attributes as they are have been acted on. */
  #begun = false;
  #due = false;

  /** The watch behind the element, once it runs. */
  get watch(): TransferWatch | undefined {
    return this.#watch;
  }

  /**
   * As in `watchTransfer`. The latest one is asked; the watch begins anew only when there was none before, or is none any
   * more, so that a framework may set another function at each render.
   */
  get getSignature(): WatchOptions["getSignature"] {
    return this.#getSignature;
  }

  set getSignature(getSignature: WatchOptions["getSignature"]) {
    const changed = !this.#getSignature != !getSignature;
    this.#getSignature = getSignature;
    if (changed) this.#restart(true);
  }

  connectedCallback(): void {
    // Set before the element was defined, it is a property of the object itself and hides the accessor.
    const own = Object.getOwnPropertyDescriptor(this, "getSignature");
    if (own) {
      delete (this as Partial<this>).getSignature;
      this.getSignature = own.value;
    }
    this.#restart(false);
  }

  disconnectedCallback(): void {
    this.#restart(false);
  }

  /** With this, `moveBefore` is no leave-taking. */
  connectedMoveCallback(): void {}

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (before !== now) this.#restart(true);
  }

  /** Once after all attributes of this moment are set; an element that was only moved goes on. */
  #restart(changed: boolean): void {
    if (changed) this.#begun = false;
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (this.isConnected && this.#begun) return;
      this.#watch?.close();
      this.#watch = undefined;
      this.#begun = this.isConnected;
      if (this.isConnected) this.#start();
    });
  }

  #start(): void {
    const attribute = (name: string) => this.getAttribute(name) ?? undefined;
    const url = attribute("url");
    const qr = attribute("qr");
    const transferId = attribute("transfer-id");
    const signature = attribute("signature");
    this.removeAttribute("problem");
    this.#show("waiting");
    if (!url || !(qr || (transferId && (signature || this.#getSignature)))) return;
    const options = { url, qr, transferId, signature } as WatchOptions;
    if (this.#getSignature) options.getSignature = (request) => this.#getSignature?.(request);
    let watch: TransferWatch;
    try {
      watch = watchTransfer(options);
    } catch (error) {
      this.#tell("connection", "closed");
      this.#tell("error", new TransferStatusError("failed", (error as Error).message));
      return;
    }
    this.#watch = watch;
    const names: (keyof WatchEvents)[] = ["status", "connection", "problem", "scan", "notice", "error", "closed"];
    for (const name of names) {
      watch.on(name, (detail) => {
        if (this.#watch == watch) this.#tell(name, detail);
      });
    }
  }

  #tell(name: keyof WatchEvents, detail: unknown): void {
    if (name == "connection") this.setAttribute(name, detail as Connection);
    if (name == "error") this.#show(name, (detail as TransferStatusError).message);
    if (name == "status") this.#show((detail as Transfer).status, (detail as Transfer).message);
    if (name == "problem") {
      if (detail) this.setAttribute(name, (detail as Problem).kind);
      else this.removeAttribute(name);
    }
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Nodes only, no markup and no inline style: a strict policy of the page has nothing against it. */
  #show(state: string, message?: string | null): void {
    const span = (name: string, content: string | Node) => {
      const span = document.createElement("span");
      span.setAttribute("part", name);
      span.append(content);
      return span;
    };
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    if (!root.firstChild) root.append(span("region", ""));
    // A region that stays while its content changes: screen readers tell the change.
    const region = root.firstElementChild!;
    region.setAttribute("role", "status");
    region.setAttribute("aria-live", state == "error" ? "assertive" : "polite");
    const slot = document.createElement("slot");
    slot.name = slot.textContent = state;
    region.replaceChildren(span("status", slot), ...(message ? [" ", span("message", message)] : []));
    this.setAttribute("status", state);
  }
}

/** Says more of methods that every element has. */
export interface TransferStatusElement {
  addEventListener<Name extends keyof TransferStatusEvents>(
    type: Name,
    listener: (this: TransferStatusElement, event: TransferStatusEvents[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name,
    listener: (this: TransferStatusElement, event: HTMLElementEventMap[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** What the element takes in JSX. React 19 sets `getSignature` as a property and adds the listeners. */
export type TransferStatusProps = ClassAttributes<TransferStatusElement> &
  Omit<HTMLAttributes<TransferStatusElement>, "onError"> & {
    url?: string | undefined;
    "transfer-id"?: string | undefined;
    signature?: string | undefined;
    qr?: string | undefined;
    getSignature?: WatchOptions["getSignature"];
  } & { [Name in keyof WatchEvents as `on${Name}`]?: (event: TransferStatusEvents[Name]) => void };

declare global {
  interface HTMLElementTagNameMap {
    "transfer-status": TransferStatusElement;
  }
}

// biome-ignore lint/suspicious/noTsIgnore: as above
/** @ts-ignore */
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "transfer-status": TransferStatusProps;
    }
  }
}

globalThis.customElements?.get("transfer-status") ??
  globalThis.customElements?.define("transfer-status", TransferStatusElement);
