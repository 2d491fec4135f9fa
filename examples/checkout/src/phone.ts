/** What a QR code opens on the customer's phone: what is to be paid, and how the payment goes. */
import { watchTransfer } from "@transfer-status/client";
import { parseQr, reportScan } from "@transfer-status/client/qr";

import { showNetwork } from "./network.ts";
import { freshSignature, readOrder, ShopError } from "./shop.ts";
import { adviceFor, element, explain, money, show, viewOf, type Facts } from "./view.ts";

let facts: Facts = { started: false };
const learn = (news: Partial<Facts>) => {
  if (news.failure) explain(news.failure);
  facts = { ...facts, ...news };
  element("problem-text").textContent = facts.failure ? adviceFor(facts.failure) : "";
  element("failed-text").textContent = facts.transfer?.message ?? "";
  show(viewOf(facts));
};

/** The code that was scanned is the address of this page. */
const readCode = () => {
  try {
    return parseQr(location.href);
  } catch (cause) {
    throw new ShopError("This address is not complete. Scan the code once more.", { cause });
  }
};

const start = async () => {
  learn({});
  const code = readCode();
  const { transferId } = code;
  let { signature } = code;
  const order = await readOrder(transferId, signature);
  element("amount").textContent = money(order.amount, order.currency);
  element("description").textContent = order.description ?? "";

  /** Tells those who show the code that it is being looked at; they manage without. */
  const tell = (scanned: boolean) =>
    reportScan({ url: order.url, transferId, signature }, scanned).catch((failure: unknown) =>
      console.warn("the scan could not be reported", failure),
    );

  const watch = watchTransfer({
    url: order.url,
    transferId,
    signature,
    getSignature: async ({ transferId, signal }) => {
      const fresh = await freshSignature(transferId, signature, signal);
      if (fresh) signature = fresh;
      return fresh;
    },
  });
  watch.on("status", (transfer) => learn({ transfer }));
  watch.on("error", (failure) => learn({ failure }));
  learn({ started: true });
  showNetwork(watch);
  void tell(true);
  // A payment whose status is not known yet has not begun either.
  const begun = () => (facts.transfer?.status ?? "pending") != "pending";
  addEventListener("pagehide", () => begun() || void tell(false));
  addEventListener("pageshow", ({ persisted }) => persisted && void tell(true));
};

start().catch((failure: unknown) => learn({ failure }));
