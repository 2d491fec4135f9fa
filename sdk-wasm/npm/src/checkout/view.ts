/** Which view a payment is in. */
import { isFinal } from "../final.ts";
import type { Transfer } from "../types.ts";

/** One for each thing that a customer may have to know or do. */
export type CheckoutView =
  | "starting"
  | "waiting"
  | "scanned"
  | "processing"
  | "completed"
  | "failed"
  | "cancelled"
  | "expired"
  | "problem";

/** What is known of a payment. */
export interface Facts {
  /** Whether there is a transfer request to show. */
  readonly isStarted?: boolean;
  readonly transfer?: Transfer;
  /** A phone has the page of the code open. */
  readonly isScanned?: boolean;
  /** The code may not be scanned any more. A payment that was begun in time goes on. */
  readonly isExpired?: boolean;
  readonly failure?: unknown;
}

/** Why the shop gave no request. */
export class ShopError extends Error {}

/** A payment's news always win: a late one still shows after the code has expired. */
export const viewOf = ({ isStarted, transfer, isScanned, isExpired, failure }: Facts): CheckoutView => {
  if (transfer && isFinal(transfer)) return transfer.status;
  const isPending = (transfer?.status ?? "pending") == "pending";
  if (failure) {
    const ranOut = /^(expired|no_signature)$/.test((failure as { code?: string }).code ?? "");
    return isExpired && isPending && ranOut ? "expired" : "problem";
  }
  if (!isStarted) return "starting";
  // A status from a newer service: it has at least begun.
  if (!isPending) return "processing";
  if (isScanned) return "scanned";
  return isExpired ? "expired" : "waiting";
};

/** How far a view is: the step that is going on, 0 where there is none. */
export const stepOf = (view: CheckoutView): number =>
  (({ starting: 1, waiting: 1, scanned: 2, processing: 3, completed: 4 }) as Record<string, number>)[view] ?? 0;
