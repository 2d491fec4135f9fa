/**
 * A Svelte store.
 *
 * @packageDocumentation
 */
import { watchTransfer, type AnyMetadata } from "./index.ts";
import { createStore, type StoreOptions, type TransferStore } from "./store.ts";

/**
 * Watches a transfer for as long as a component subscribes. With `/slim`, use `createStore` of `/store`: it is a store for
 * Svelte, too.
 *
 * @example
 * const payment = transferStatus({ url, transferId, signature });
 * // {$payment.transfer?.status ?? $payment.connection}
 */
export const transferStatus = <Metadata = AnyMetadata>(options: StoreOptions): TransferStore<Metadata> =>
  createStore(watchTransfer<Metadata>, options);
