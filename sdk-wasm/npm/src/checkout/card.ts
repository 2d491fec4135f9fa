/// <reference path="./css.d.ts" />
/** The card: one view at a time, the steps, and how news travels. Nodes only, so that no policy is against it. */
import css from "./checkout.css";
import type { CheckoutOrder } from "./request.ts";
import type { CheckoutTexts } from "./texts.ts";
import { ShopError, stepOf, type CheckoutView, type Facts } from "./view.ts";

const SVG = "http://www.w3.org/2000/svg";

/** Beside the circle of a view's sign. */
const signs: Partial<Record<CheckoutView, string>> = {
  scanned: "M19 13h10a2 2 0 0 1 2 2v18a2 2 0 0 1-2 2H19a2 2 0 0 1-2-2V15a2 2 0 0 1 2-2zM22.500 31h3",
  processing: "M24 2a22 22 0 0 1 22 22",
  completed: "m15 25 7 7 13-15",
  failed: "m17 17 14 14M31 17 17 31",
  cancelled: "m17 17 14 14M31 17 17 31",
  expired: "M24 15v10l6 4",
  problem: "M24 15v11M24 32v.5",
};

const fill = <E extends Element>(element: E, attributes: Record<string, string>, children: (Node | string)[]): E => {
  for (const name in attributes) element.setAttribute(name, attributes[name]!);
  element.append(...children);
  return element;
};
const make = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] => fill(document.createElement(name), attributes, children);
const draw = (name: string, attributes: Record<string, string> = {}, ...children: Node[]): SVGElement =>
  fill(document.createElementNS(SVG, name) as SVGElement, attributes, children);

let sheet: CSSStyleSheet | undefined;

export class Card {
  texts!: CheckoutTexts;
  readonly code = draw("svg", { id: "code", role: "img", part: "code", "shape-rendering": "crispEdges" });
  readonly here = make("a", { class: "here", id: "here", part: "button", target: "_blank", rel: "noopener" });
  readonly #sign = draw("path");
  readonly #mark = draw(
    "svg",
    { class: "mark", viewBox: "-1 -1 50 50", "aria-hidden": "true" },
    draw("circle", { cx: "24", cy: "24", r: "22" }),
    this.#sign,
  );
  readonly #heading = make("h2", { tabindex: "-1", part: "heading" });
  readonly #lead = make("p", { class: "lead", part: "lead" });
  readonly #said = make("p", { class: "said", part: "message", dir: "auto" });
  readonly #summary = make("summary");
  readonly #fold = make("details", {}, this.#summary, make("div", { class: "tile" }, this.code));
  readonly #bar = make("progress", { class: "bar", max: "1", "aria-hidden": "true" });
  readonly #before = new Text();
  readonly #after = new Text();
  readonly #clock = make("b", { role: "timer" });
  readonly #left = make("div", { class: "left" }, this.#bar, make("p", {}, this.#before, this.#clock, this.#after));
  readonly #facts = make("dl", { class: "facts", part: "facts" });
  readonly #again = make("button", { type: "button", part: "button" });
  readonly #slot = make("slot");
  readonly #steps = make("ol", { class: "steps", part: "steps" }, make("li"), make("li"), make("li"));
  readonly #network = make("p", { class: "network", id: "network", part: "network" });
  readonly #announcer = make("p", { class: "aside", id: "announcer", role: "status", "aria-live": "polite" });
  readonly #view = make(
    "div",
    { class: "view" },
    this.#mark,
    this.#heading,
    this.#said,
    this.#lead,
    this.here,
    this.#fold,
    this.#left,
    this.#facts,
    this.#again,
    this.#slot,
  );
  readonly #card = make(
    "div",
    { class: "card", part: "card" },
    this.#view,
    this.#steps,
    this.#network,
    this.#announcer,
  );
  #lang = "en";

  constructor(root: ShadowRoot, again: () => void) {
    sheet ??= new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    root.append(this.#card);
    this.#again.addEventListener("click", again);
    const touch = matchMedia("(pointer: coarse)");
    const fold = () => {
      this.#card.classList.toggle("touch", touch.matches);
      this.#fold.open = !touch.matches;
    };
    touch.addEventListener("change", fold);
    fold();
  }

  /** Another language, or other words. */
  translate(texts: CheckoutTexts, lang: string): void {
    this.texts = texts;
    this.#lang = lang;
    this.#card.lang = lang;
    this.#card.dir = texts.dir ?? "ltr";
    this.code.setAttribute("aria-label", texts.code);
    this.here.textContent = texts.here;
    this.#summary.textContent = texts.elsewhere;
    [this.#before.data = "", this.#after.data = ""] = texts.validFor.split("{time}") as [string, string];
    this.#steps.setAttribute("aria-label", texts.progress);
    [texts.scan, texts.confirm, texts.pay].forEach((text, at) => (this.#steps.children[at]!.textContent = text));
  }

  /** The width that there is for a code, in pixels. */
  get room(): number {
    return this.#view.clientWidth;
  }

  /** Nothing is left of an earlier payment. */
  clear(): void {
    this.code.replaceChildren();
    this.here.removeAttribute("href");
    this.showNetwork("connecting", "");
  }

  showTime(seconds: number, share: number): void {
    this.#clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    this.#bar.value = share;
  }

  /** A state that the customer may wonder about is said aloud, and so is its end. */
  showNetwork(state: string, text: string): void {
    if (text && text != this.#network.textContent) this.announce(text);
    this.#network.dataset["state"] = state;
    this.#network.textContent = text;
  }

  /** Says something to those who cannot see the card change. */
  announce(text: string): void {
    this.#announcer.textContent = text;
  }

  /** Shows a view and gives its heading. */
  show(
    view: CheckoutView,
    { transfer, failure }: Facts,
    order: CheckoutOrder,
    isNew: boolean,
    isFirst: boolean,
  ): string {
    const { texts } = this;
    const isTouch = this.#card.classList.contains("touch");
    // Who would have to scan his own screen is not told to.
    const isHere = isTouch && view == "waiting";
    const heading = isHere ? texts.pay : texts[view];
    const isLost = /^(expired|no_signature|failed|closed|not_found)$/.test((failure as { code?: string })?.code ?? "");
    const lead =
      view == "problem"
        ? failure instanceof ShopError
          ? "shopLead"
          : isLost
            ? "lostLead"
            : "problemLead"
        : (`${view}Lead` as const);
    const isWaiting = view == "waiting" || view == "starting";
    const held = (this.#card.getRootNode() as ShadowRoot).activeElement;

    this.#card.classList.toggle("bad", view == "failed" || view == "problem");
    this.#card.classList.toggle("over", view == "cancelled" || view == "expired");
    this.#card.classList.toggle("busy", view == "processing");
    this.#card.classList.toggle("soon", view == "starting");
    this.#mark.toggleAttribute("hidden", isWaiting);
    this.#sign.setAttribute("d", signs[view] ?? "");
    this.#heading.textContent = heading;
    this.#lead.textContent = texts[lead];
    this.#lead.hidden = isHere;
    this.#said.textContent = view == "failed" || view == "cancelled" ? (transfer?.message ?? "") : "";
    this.#said.hidden = !this.#said.textContent;
    this.#fold.hidden = !isWaiting || (isTouch && view == "starting");
    this.here.hidden = this.#left.hidden = !isWaiting;
    this.#again.hidden = !/failed|cancelled|expired|problem/.test(view);
    this.#again.textContent = view == "expired" ? texts.newCode : texts.again;
    this.#slot.name = view;
    this.#showFacts(view == "completed" ? transfer : undefined, order);

    const step = stepOf(view);
    this.#steps.hidden = !step;
    Array.from(this.#steps.children).forEach((item, at) => {
      item.classList.toggle("done", at + 1 < step);
      if (at + 1 == step) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });

    if (isNew) {
      this.announce(`${heading}${/[.!?؟]$/.test(heading) ? "" : "."} ${isHere ? "" : texts[lead]}`);
      // Views that end what the customer was doing take the focus, so that reading goes on there.
      const isLost = held?.closest("[hidden]");
      if (!isFirst && (isLost || !/starting|waiting|scanned|processing/.test(view))) this.#heading.focus();
    }
    return heading;
  }

  /** What a receipt says: how much, for what, when. */
  #showFacts(transfer: Facts["transfer"], { amount, currency, reference }: CheckoutOrder): void {
    this.#facts.hidden = !transfer;
    if (!transfer) return;
    const { texts } = this;
    const sum = transfer.amount ?? amount;
    const time = new Intl.DateTimeFormat(this.#lang, { dateStyle: "medium", timeStyle: "short" });
    const rows = [
      [
        texts.amount,
        currency ? new Intl.NumberFormat(this.#lang, { style: "currency", currency }).format(sum) : `${sum}`,
      ],
      [texts.reference, reference ?? transfer.id],
      [texts.time, time.format(new Date(transfer.updatedAt))],
    ] as const;
    this.#facts.replaceChildren(
      ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, make("bdi", {}, value))]),
    );
  }
}
