/** The orders that the shop has taken: in memory here, in a database in a real shop. */
import { randomUUID } from "node:crypto";

/** How long an order is kept, and with it the right to a fresh signature, in milliseconds. */
const LIFETIME = 3_600_000;
/** Most orders that are kept; the oldest goes first. */
const MAX_ORDERS = 10_000;
const MAX_DESCRIPTION = 140;

/**
 * Holds an order to the shop's rules; `refuse` makes the error. A real shop computes the amount from the cart it keeps;
 * it never believes the browser.
 */
export const readOrder = (body, refuse) => {
  const { amount, currency, description = null } = body ?? {};
  if (typeof amount !== "number" || !(amount > 0) || amount === Number.POSITIVE_INFINITY) {
    throw refuse("amount must be a number above zero");
  }
  if (!/^[A-Z]{3}$/.test(currency)) throw refuse("currency must be three capital letters, like EUR");
  if (description !== null && (typeof description !== "string" || [...description].length > MAX_DESCRIPTION)) {
    throw refuse("description must be at most 140 characters");
  }
  return { amount, currency, description };
};

export class Orders {
  /** By transfer id, oldest first. */
  #orders = new Map();

  /** Keeps an order and gives the id of its transfer. */
  add(order) {
    for (const [id, { taken }] of this.#orders) {
      if (this.#orders.size < MAX_ORDERS && Date.now() - taken <= LIFETIME) break;
      this.#orders.delete(id);
    }
    const id = randomUUID().replaceAll("-", "");
    this.#orders.set(id, { taken: Date.now(), order });
    return id;
  }

  /** The order with this id, while it is kept. */
  get(id) {
    const found = this.#orders.get(id);
    return found && Date.now() - found.taken <= LIFETIME ? found.order : undefined;
  }

  /** The id of the newest order. */
  get newest() {
    return [...this.#orders.keys()].at(-1);
  }
}
