/**
 * Which statuses are final. Entries have it first, and it is a function: so a bundler of a page that does not use it leaves
 * it out without a seam, to the byte.
 */
import type { FinalTransfer, Transfer } from "./types.ts";

/**
 * Whether nothing can follow.
 *
 * @example
 * watch.on("status", (transfer) => isFinal(transfer) && thank(transfer.status)); // "completed" | "failed" | "cancelled"
 */
export function isFinal<Metadata>(transfer: Transfer<Metadata>): transfer is FinalTransfer<Metadata> {
  return /^(completed|failed|cancelled)$/.test(transfer.status);
}
