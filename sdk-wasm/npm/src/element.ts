/**
 * `<transfer-status>`: a status on a page without a line of script.
 *
 * @packageDocumentation
 */
import { watchTransfer, type TransferWatch, type WatchEvents, type WatchOptions } from "./index.ts";

// On a server there are no elements; the class is only declared there.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * Shows one transfer.
 *
 * Attributes: `url`, and `transfer-id` with `signature`, or `qr`. The element writes `status` and `connection` on
 * itself for styling. Slots: one for each status (`pending`, `processing`, …), `waiting` before the first one, and
 * `error`; the one that fits is shown, with the plain word inside when you give none. Parts: `region`,
 * `status`, `message`. Events: `status`, `connection`, `scan`, `notice`, `error` and `closed`, with the value in `detail`.
 *
 * @example
 * <transfer-status url="https://status.example.com" transfer-id="transfer-123" signature="eyJ0cm…">
 *   <p slot="waiting">One moment…</p>
 *   <p slot="completed">Paid. Thank you!</p>
 * </transfer-status>
 */
export class TransferStatusElement extends Base {
  static readonly observedAttributes = ["url", "transfer-id", "signature", "qr"];

  /** As in `watchTransfer`; set it before the element is in the page, or before the attributes are. */
  declare getSignature: WatchOptions["getSignature"];
  #watch: TransferWatch | undefined;
  #due = false;

  /** The watch behind the element, once it runs. */
  get watch(): TransferWatch | undefined {
    return this.#watch;
  }

  connectedCallback(): void {
    this.#restart();
  }

  disconnectedCallback(): void {
    this.#restart();
  }

  attributeChangedCallback(): void {
    this.#restart();
  }

  /** Once after all attributes of this moment are set; and an element that is moved keeps nothing open twice. */
  #restart(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#watch?.close();
      this.#watch = undefined;
      if (this.isConnected) this.#start();
    });
  }

  #start(): void {
    const attribute = (name: string) => this.getAttribute(name) ?? undefined;
    const url = attribute("url");
    const qr = attribute("qr");
    const transferId = attribute("transfer-id");
    const signature = attribute("signature");
    if (!url || !(qr || (transferId && (signature || this.getSignature)))) {
      this.#show("waiting");
      return;
    }
    const watch = watchTransfer({ url, qr, transferId, signature, getSignature: this.getSignature } as WatchOptions);
    this.#watch = watch;
    const names: (keyof WatchEvents)[] = ["status", "connection", "scan", "notice", "error", "closed"];
    for (const name of names) {
      watch.on(name, (detail) => {
        if (this.#watch != watch) return;
        if (name == "connection") this.setAttribute(name, detail as string);
        if (name == "error") this.#show(name, (detail as Error).message);
        if (name == "status") this.#show(watch.latest!.status, watch.latest!.message);
        this.dispatchEvent(new CustomEvent(name, { detail }));
      });
    }
    this.#show("waiting");
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

globalThis.customElements?.get("transfer-status") ??
  globalThis.customElements?.define("transfer-status", TransferStatusElement);
