/** The checkout page: shows the code of one payment, then how the payment goes. */
import { watchTransfer, type Transfer } from "@transfer-status/client";

import { drawCode } from "./code.ts";
import { countDown } from "./countdown.ts";
import { showNetwork } from "./network.ts";
import { createRequest, freshSignature, type Order, type Request } from "./shop.ts";
import { adviceFor, element, explain, money, show, viewOf, type Facts } from "./view.ts";

/** The payment of this tab, so that a reload does not begin another. */
interface Kept {
  readonly request: Request;
  readonly ahead: number;
  readonly valid: number;
  /** How it ended. It stays so until the customer begins anew: a new code would ask to be paid again. */
  readonly final?: Transfer;
}
const KEPT = "checkout";

const total = element<HTMLDataElement>("total");
const order: Order = {
  amount: Number(total.value),
  currency: total.dataset["currency"]!,
  description: total.dataset["description"]!,
};
for (const price of document.querySelectorAll<HTMLDataElement>("data[value]")) {
  price.textContent = money(Number(price.value), order.currency);
}

let stop = () => {};

// Where storage is blocked or full, a reload begins another payment: the page works all the same.
const keep = (payment: Kept | undefined) => {
  try {
    if (payment) sessionStorage.setItem(KEPT, JSON.stringify(payment));
    else sessionStorage.removeItem(KEPT);
  } catch {}
};

const kept = (): Kept | undefined => {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Kept | null;
    return found && (found.final || found.request.expiry * 1000 > Date.now() + found.ahead) ? found : undefined;
  } catch {
    return undefined;
  }
};

const create = async (): Promise<Kept> => {
  const { request, ahead } = await createRequest(order);
  return { request, ahead, valid: request.expiry * 1000 - ahead - Date.now() };
};

/** What a receipt says: how much, for what, when. */
const showFacts = ({ id, amount, updatedAt }: Transfer) => {
  element("paid-amount").textContent = money(amount ?? order.amount, order.currency);
  element("paid-reference").textContent = id;
  element("paid-time").textContent = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "medium",
    timeStyle: "short",
  }).format(new Date(updatedAt));
};

const start = async () => {
  stop();
  const over = new AbortController();
  let facts: Facts = { started: false };
  const learn = (news: Partial<Facts>) => {
    if (over.signal.aborted) return;
    if (news.failure) explain(news.failure);
    facts = { ...facts, ...news };
    element("problem-text").textContent = facts.failure ? adviceFor(facts.failure) : "";
    element("failed-text").textContent = facts.transfer?.message ?? "";
    if (facts.transfer?.status == "completed") showFacts(facts.transfer);
    show(viewOf(facts));
  };
  stop = () => over.abort();
  learn({});

  let payment: Kept;
  try {
    payment = kept() ?? (await create());
  } catch (failure) {
    return learn({ failure });
  }
  if (over.signal.aborted) return;
  if (payment.final) return learn({ started: true, transfer: payment.final });
  keep(payment);
  const { request, ahead, valid } = payment;
  drawCode(element<SVGSVGElement>("code"), request.qr);
  element<HTMLAnchorElement>("here").href = request.qr;

  let signature = request.signature;
  const watch = watchTransfer({
    url: request.url,
    transferId: request.transferRequestId,
    signature,
    signal: over.signal,
    // A payment that was begun in time may take longer than its code.
    getSignature: async ({ transferId, signal }) => {
      const fresh = await freshSignature(transferId, signature, signal);
      if (fresh) signature = fresh;
      return fresh;
    },
  });
  const stopClock = countDown(request.expiry * 1000 - ahead, valid, () => learn({ expired: true }));
  over.signal.addEventListener("abort", stopClock);
  watch.on("status", (transfer) => learn({ transfer }));
  watch.on("scan", ({ scanned }) => learn({ scanned }));
  watch.on("error", (failure) => learn({ failure }));
  watch.on("closed", (error) => {
    stopClock();
    if (!over.signal.aborted) keep(error ? undefined : { ...payment, final: watch.latest! });
  });
  learn({ started: true });
  showNetwork(watch);
};

for (const button of document.querySelectorAll("[data-again]")) {
  button.addEventListener("click", () => {
    keep(undefined);
    void start();
  });
}
void start();
