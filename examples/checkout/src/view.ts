/** Which view a payment is in on the phone, and showing it: one section of the page for each. */
import { TransferStatusError, type Transfer } from "@transfer-status/client";

import { ShopError } from "./shop.ts";

export type View = "starting" | "scanned" | "processing" | "completed" | "failed" | "cancelled" | "problem";

/** What is known of a payment. */
export interface Facts {
  /** Whether there is a transfer request to show. */
  readonly started: boolean;
  readonly transfer?: Transfer | undefined;
  readonly failure?: unknown;
}

const finals: readonly string[] = ["completed", "failed", "cancelled"];

/** A payment's news always win: a late one still shows after the watch has ended. Whoever sees this page has scanned. */
export const viewOf = ({ started, transfer, failure }: Facts): View => {
  const status = transfer?.status ?? "pending";
  if (finals.includes(status)) return status as View;
  if (failure) return "problem";
  if (!started) return "starting";
  // A status from a newer service: it has at least begun.
  return status == "pending" ? "scanned" : "processing";
};

/** What a customer can do about a watch that has ended. What a developer can do is in the console. */
export const adviceFor = (failure: unknown): string => {
  if (failure instanceof ShopError) return failure.message;
  switch (failure instanceof TransferStatusError && failure.code) {
    case "unauthorized":
    case "forbidden":
      return "This payment cannot be followed here. Start again, or ask the shop before you pay.";
    case "expired":
    case "no_signature":
      return "This payment took too long to be followed here. Ask the shop before you pay again.";
    default:
      return "This payment cannot be followed. Ask the shop before you pay again.";
  }
};

/** Says once in the console what only a developer can mend. */
export const explain = (failure: unknown): void => {
  if (failure instanceof TransferStatusError && failure.code == "forbidden") {
    console.error(`${failure.message} (this page is ${location.origin})`);
  } else console.error(failure);
};

/** The element with this id, which the page has. */
export const element = <T extends Element = HTMLElement>(id: string): T => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as unknown as T;
};

/** Formats an amount as the page's language writes it. */
export const money = (amount: number, currency: string): string =>
  new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(amount);

/** Says something to those who cannot see the page change; again if it is the same as before. */
export const announce = (text: string): void => {
  element("announcer").textContent = text;
};

/** Views that end what the customer was doing: they take the focus, so that reading goes on there. */
const takesFocus: readonly View[] = [...(finals as View[]), "problem"];

let shown: View | undefined;

/** Shows the section of this view, and says so. */
export const show = (view: View): void => {
  if (view == shown) return;
  const first = shown == undefined;
  shown = view;
  const held = document.activeElement;
  document.body.dataset["view"] = view;
  for (const section of document.querySelectorAll<HTMLElement>("[data-view-of]")) {
    section.hidden = !section.dataset["viewOf"]!.split(" ").includes(view);
  }
  const section = document.querySelector<HTMLElement>(`[data-view-of~="${view}"]`);
  const heading = section?.querySelector<HTMLElement>("h2");
  const lost = held != null && held != document.body && held.closest("[hidden]") != null;
  if (heading && !first && (lost || takesFocus.includes(view))) heading.focus();
  const text = section?.querySelector(".lead")?.textContent ?? "";
  announce(`${heading?.textContent ?? ""}. ${text}`.replace(/\s+/g, " "));
  for (const step of document.querySelectorAll<HTMLElement>("[data-step]")) {
    const place = steps[view] - Number(step.dataset["step"]);
    step.dataset["place"] = place > 0 ? "done" : place == 0 ? "now" : "ahead";
    if (place == 0) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
};

/** How far each view is: the step that is going on. */
const steps: Record<View, number> = {
  starting: 1,
  scanned: 2,
  processing: 3,
  completed: 4,
  failed: 0,
  cancelled: 0,
  problem: 0,
};
