/** A payment of a page: asked of the shop, and kept over a reload. */
import type { Transfer } from "../types.ts";
import { ShopError } from "./view.ts";

/** What is to be paid. */
export interface CheckoutOrder {
  amount: number;
  /** ISO 4217, as in `EUR`. */
  currency: string;
  description?: string;
  /** The shop's own number for it. Payments of another one are none of this. */
  reference?: string;
}

/** What the shop's backend answers to `POST /create-transfer-request`. */
export interface CheckoutRequest {
  transferRequestId: string;
  signature: string;
  /** Unix seconds, by the shop's clock. */
  expiry: number;
  /** The service's address. */
  url: string;
  /** The text of the code, an address that a phone can open. */
  qr: string;
  /** The shop's time when it answered, in milliseconds since 1970; from the `Date` header where the element asked. */
  now?: number;
}

/** A payment of this tab. */
export interface Kept {
  readonly request: CheckoutRequest;
  /** How far the shop's clock is ahead of this device's, in milliseconds. */
  readonly ahead: number;
  /** For how long the code was valid in all, in milliseconds. */
  readonly valid: number;
  /** Its last status. Once it has begun it stays until the customer begins anew: a new code would ask to be paid again. */
  readonly transfer?: Transfer;
}

/** Asks the shop at `endpoint`. */
export const askShop = async (
  endpoint: string,
  order: CheckoutOrder,
  signal: AbortSignal,
): Promise<CheckoutRequest> => {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(order),
    cache: "no-store",
    signal,
  });
  if (!response.ok) throw new ShopError(`HTTP ${response.status}: ${await response.text()}`);
  const now = Date.parse(response.headers.get("date") ?? "");
  return { ...(await response.json()), ...(now && { now }) };
};

/**
 * Adds what the countdown needs.
 *
 * @throws ShopError when the answer lacks a field.
 */
export const begin = (request: CheckoutRequest): Kept => {
  for (const name of ["transferRequestId", "signature", "expiry", "url", "qr"] as const) {
    if (!request?.[name]) throw new ShopError(`${name} is missing in the shop's answer`);
  }
  const ahead = (request.now ?? Date.now()) - Date.now();
  return { request, ahead, valid: request.expiry * 1000 - ahead - Date.now() };
};

/** Keeps a payment for this tab. Where storage is blocked or full, a reload begins another: the page works all the same. */
export const keep = (key: string, payment?: Kept): void => {
  try {
    if (payment) sessionStorage.setItem(key, JSON.stringify(payment));
    else sessionStorage.removeItem(key);
  } catch {}
};

/** The payment that was kept, unless nobody can pay it any more. */
export const kept = (key: string): Kept | undefined => {
  try {
    const found = JSON.parse(sessionStorage.getItem(key)!) as Kept;
    const isBegun = (found.transfer?.status ?? "pending") != "pending";
    return isBegun || found.request.expiry * 1000 > Date.now() + found.ahead ? found : undefined;
  } catch {
    return undefined;
  }
};
