/** The checkout page: the order, and the card of its payment beside it. */
import "@transfer-status/client/checkout";

import { freshSignature } from "./shop.ts";
import { element, money } from "./view.ts";

const payment = element<HTMLElementTagNameMap["transfer-checkout"]>("payment");
// A payment that was begun in time may take longer than its code.
payment.getSignature = ({ transferId, signature, signal }) => freshSignature(transferId, signature, signal);

for (const price of document.querySelectorAll<HTMLDataElement>("data[value]")) {
  price.textContent = money(Number(price.value), payment.getAttribute("currency")!);
}
// In a shop: a link to the order, or back to the goods.
element("next").addEventListener("click", () => payment.restart());
