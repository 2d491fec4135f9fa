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

/** Its part has the name of its class. */
const part = <Name extends keyof HTMLElementTagNameMap>(
  tag: Name,
  name: string,
  attributes = {},
  ...children: Node[]
) => make(tag, { class: name, part: name, ...attributes }, ...children);

let sheet: CSSStyleSheet | undefined;
/** Browsers from before May 2024 take the light colours. */
const styled = () => (CSS.supports("color:light-dark(red,red)") ? css : css.replace(/light-dark\((.+?),.+?\)/g, "$1"));

/** What a payment does with its card. */
export type Card = ReturnType<typeof makeCard>;

/** Puts a card into `root`; `again` is called when the customer wants to begin anew. */
export const makeCard = (root: ShadowRoot, again: () => void) => {
  let texts: CheckoutTexts;
  let locale: string[];
  const code = draw("svg", { id: "code", role: "img", part: "code", "shape-rendering": "crispEdges" });
  const here = make("a", { class: "here", id: "here", part: "button", target: "_blank", rel: "noopener" });
  const sign = draw("path");
  const circle = draw("circle", { cx: "24", cy: "24", r: "22" });
  const mark = draw("svg", { class: "mark", viewBox: "-1 -1 50 50", "aria-hidden": "true" }, circle, sign);
  const heading = part("h2", "heading", { tabindex: "-1" });
  const lead = part("p", "lead");
  const said = part("p", "message", { dir: "auto" });
  const summary = make("summary");
  const fold = make("details", {}, summary, make("div", { class: "tile" }, code));
  const bar = make("div");
  const before = new Text();
  const after = new Text();
  const clock = make("b", { role: "timer" });
  const left = make("div", { class: "left" }, make("div", { class: "bar" }, bar), make("p", {}, before, clock, after));
  const facts = part("dl", "facts");
  const button = make("button", { type: "button", part: "button" });
  const slot = make("slot");
  const steps = part("ol", "steps", {}, make("li"), make("li"), make("li"));
  const network = part("p", "network", { id: "network" });
  const announcer = make("p", { class: "aside", id: "announcer", role: "status", "aria-live": "polite" });
  const body = make("div", {}, mark, heading, said, lead, here, fold, left, facts, button, slot);
  const card = part("div", "card", {}, body, steps, network, announcer);

  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(styled());
  }
  root.adoptedStyleSheets = [sheet];
  root.append(card);
  button.addEventListener("click", again);
  const touch = matchMedia("(pointer: coarse)");
  const unfold = () => {
    card.classList.toggle("touch", touch.matches);
    fold.open = !touch.matches;
  };
  touch.addEventListener("change", unfold);
  unfold();

  /** Says something to those who cannot see the card change. */
  const announce = (text: string) => {
    announcer.textContent = text;
  };

  /** A state that the customer may wonder about is said aloud, and so is its end. */
  const showNetwork = (state: string, text: string) => {
    if (text && text != network.textContent) announce(text);
    network.dataset["state"] = state;
    network.textContent = text;
  };

  /** What a receipt says: how much, for what, when. */
  const showFacts = (transfer: Facts["transfer"], { amount, currency, reference }: CheckoutOrder) => {
    facts.hidden = !transfer;
    if (!transfer) return;
    const sum = transfer.amount ?? amount;
    const time = new Date(transfer.updatedAt).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
    const rows = [
      [texts.amount, currency ? sum.toLocaleString(locale, { style: "currency", currency }) : `${sum}`],
      [texts.reference, reference ?? transfer.id],
      [texts.time, time],
    ] as const;
    facts.replaceChildren(
      ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, make("bdi", {}, value))]),
    );
  };

  return {
    code,
    here,
    announce,
    showNetwork,

    get texts() {
      return texts;
    },

    /** The width that there is for a code, in pixels. */
    get room() {
      return body.clientWidth;
    },

    /** Another language, or other words. */
    translate(words: CheckoutTexts, lang: string) {
      texts = words;
      card.lang = lang;
      locale = [];
      try {
        locale = Intl.getCanonicalLocales(lang);
      } catch {
        // No language tag, as "en_US": numbers and times are as the browser writes them.
      }
      card.dir = texts.dir ?? "ltr";
      code.setAttribute("aria-label", texts.code);
      here.textContent = texts.here;
      summary.textContent = texts.elsewhere;
      [before.data = "", after.data = ""] = texts.validFor.split("{time}") as [string, string];
      steps.setAttribute("aria-label", texts.progress);
      [texts.scan, texts.confirm, texts.pay].forEach((text, at) => (steps.children[at]!.textContent = text));
    },

    /** Nothing is left of an earlier payment. */
    clear() {
      code.replaceChildren();
      here.removeAttribute("href");
      showNetwork("connecting", "");
    },

    /** Says aloud for how long the code is valid. */
    sayTime(minutes: number) {
      const time = minutes.toLocaleString(locale, { style: "unit", unit: "minute", unitDisplay: "long" });
      announce(`${texts.code}: ${texts.validFor.replace("{time}", time)}`);
    },

    showTime(seconds: number, share: number) {
      clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      bar.style.inlineSize = `${share * 100}%`;
    },

    /** Shows a view and gives its heading. */
    show(view: CheckoutView, { transfer, failure }: Facts, order: CheckoutOrder, isNew: boolean, isFirst: boolean) {
      const isTouch = touch.matches;
      // Who would have to scan his own screen is not told to.
      const isHere = isTouch && view == "waiting";
      const title = isHere ? texts.pay : texts[view];
      const isLost = /^(expired|no_signature|failed|closed|not_found)$/.test(
        (failure as { code?: string })?.code ?? "",
      );
      const isShop = failure instanceof ShopError;
      const what =
        texts[`${view != "problem" ? view : isShop ? "shop" : isLost ? "lost" : view}Lead` as keyof CheckoutTexts] ??
        "";
      const isWaiting = /starting|waiting/.test(view);
      const held = root.activeElement;

      body.className = `view ${view}`;
      mark.toggleAttribute("hidden", isWaiting);
      sign.setAttribute("d", signs[view] ?? "");
      heading.textContent = title;
      lead.textContent = what;
      lead.hidden = isHere || (!what && view == "completed");
      said.textContent = (/failed|cancelled/.test(view) && transfer?.message) || "";
      said.hidden = !said.textContent;
      fold.hidden = !isWaiting || (isTouch && view == "starting");
      here.hidden = left.hidden = !isWaiting;
      button.hidden = !/failed|cancelled|expired|problem/.test(view);
      button.textContent = view == "expired" ? texts.newCode : texts.again;
      slot.name = view;
      showFacts(view == "completed" ? transfer : undefined, order);

      const step = stepOf(view);
      steps.hidden = !step;
      [...steps.children].forEach((item, at) => {
        item.className = at + 1 < step ? "done" : "";
        item.setAttribute("aria-current", `${at + 1 == step && "step"}`);
      });

      if (isNew) {
        announce(`${title}${/[.!?؟]$/.test(title) ? "" : "."} ${isHere ? "" : what}`);
        // Views that end what the customer was doing take the focus, so that reading goes on there.
        if (!isFirst && (held?.closest("[hidden]") || !/starting|waiting|scanned|processing/.test(view)))
          heading.focus();
      }
      return title;
    },
  };
};
