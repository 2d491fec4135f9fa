/** Calls to the shop's own backend. */

/** What is being paid for. */
export interface Order {
  readonly amount: number;
  readonly currency: string;
  readonly description?: string | null;
}

/** The shop said no; the message is for the customer. */
export class ShopError extends Error {}

const call = async (path: string, init: RequestInit): Promise<Response> => {
  const timeout = AbortSignal.timeout(10_000);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  const response = await fetch(path, { ...init, signal, cache: "no-store" }).catch((cause) => {
    throw new ShopError("The shop cannot be reached. Check your connection, then try again.", { cause });
  });
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { message?: string };
  throw new ShopError(`The shop could not do this: ${body.message ?? `HTTP ${response.status}`}.`);
};

const bearer = (signature: string) => ({ authorization: `Bearer ${signature}` });

/** What the order of a scanned code is about. */
export const readOrder = async (id: string, signature: string): Promise<Order & { url: string }> =>
  (await call(`/orders/${id}`, { headers: bearer(signature) })).json();

/**
 * A fresh signature for a payment that outlives its first one; `null` when the order is over.
 *
 * Throws when the shop cannot be reached just now.
 */
export const freshSignature = async (id: string, old: string, signal: AbortSignal): Promise<string | null> => {
  const init = { method: "POST", headers: bearer(old), cache: "no-store", signal } as const;
  const response = await fetch(`/orders/${id}/signature`, init);
  if (response.ok) return ((await response.json()) as { signature: string }).signature;
  if (response.status == 404 || response.status == 401) return null;
  throw new ShopError(`HTTP ${response.status}`);
};
