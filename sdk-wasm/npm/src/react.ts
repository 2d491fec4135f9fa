/**
 * A React hook.
 *
 * @packageDocumentation
 */
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";

import { watchTransfer, type AnyMetadata, type TransferWatch, type WatchOptions } from "./index.ts";
import { createStore, identity, initialState, type StoreOptions, type TransferState } from "./store.ts";

export type { TransferState };

/** {@link useTransferStatus} on the `watchTransfer` of another entry, `/slim`; call it once, outside of components. */
export const hookOn =
  (watchTransfer: (options: WatchOptions) => TransferWatch) =>
  <Metadata = AnyMetadata>(options: StoreOptions): TransferState<Metadata> => {
    const current = useRef(options);
    useEffect(() => {
      current.current = options;
    });
    // biome-ignore lint/correctness/useExhaustiveDependencies: what matters of the options, not their identity
    const store = useMemo(() => createStore(watchTransfer, options, () => current.current), identity(options));
    return useSyncExternalStore(store.subscribe, store.get, () => initialState) as TransferState<Metadata>;
  };

/**
 * Watches a transfer for as long as the component is mounted. Nothing happens during server rendering, and while
 * `options` is `null`. It never throws: options that cannot be watched are an `error`.
 *
 * A change of url, transfer, signature or `share` begins a new watch; `getSignature` may be a new function at each
 * render.
 *
 * @example
 * function Payment({ request }) {
 *   const { transfer, connection, error, retry } = useTransferStatus({ url: "https://status.example.com", ...request });
 *   if (error) return <p role="alert">{error.message} <button onClick={retry}>Try again</button></p>;
 *   return <p>{transfer?.status ?? connection}</p>;
 * }
 */
export const useTransferStatus: <Metadata = AnyMetadata>(options: StoreOptions) => TransferState<Metadata> =
  /* @__PURE__ */ hookOn(watchTransfer);
