/** The demo: a shop's page, a customer's phone and a bank, side by side, moved by hand. */
import type {} from "@transfer-status/client/checkout";

import { element, money } from "./view.ts";

interface Payment {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly description?: string;
}

const checkout = element<HTMLIFrameElement>("checkout");
const phone = element<HTMLIFrameElement>("phone");
const said = element("said");

/** The payment that was begun last. */
const newest = async () => (await (await fetch("/demo/payment", { cache: "no-store" })).json()) as Payment | null;

const look = async () => {
  try {
    const payment = await newest();
    element("payment").textContent = payment
      ? `${money(payment.amount, payment.currency)} · ${payment.description ?? ""} · ${payment.id.slice(0, 8)}`
      : "No payment yet";
  } catch {
    element("payment").textContent = "The demo has ended; start it again in your terminal.";
  }
  setTimeout(look, 1000);
};

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-status]")) {
  button.addEventListener("click", async () => {
    // Not the one that was looked at a moment ago: the customer may have started again.
    const payment = await newest();
    if (!payment) return;
    const status = button.dataset["status"];
    const response = await fetch(`/demo/payment/${payment.id}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ status }),
    });
    if (response.ok) said.textContent = `Signed and sent: ${status}`;
    else if (response.status == 409) said.textContent = `Refused: it is ${(await response.json()).status} already`;
    else said.textContent = await response.text();
  });
}

element("scan").addEventListener("click", () => {
  const code = checkout.contentDocument?.querySelector("transfer-checkout")?.request?.qr;
  if (code) phone.src = code;
});
element("away").addEventListener("click", () => {
  phone.src = "about:blank";
});

void look();
