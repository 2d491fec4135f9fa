/**
 * A Vue composable.
 *
 * @packageDocumentation
 */
import { shallowRef, toValue, watch, type MaybeRefOrGetter, type ShallowRef } from "vue";

import { watchTransfer, type AnyMetadata, type TransferWatch, type WatchOptions } from "./index.ts";
import { createStore, identity, initialState, type StoreOptions, type TransferState } from "./store.ts";

/** {@link useTransferStatus} on the `watchTransfer` of another entry, `/slim`. */
export const composableOn =
  (watchTransfer: (options: WatchOptions) => TransferWatch) =>
  <Metadata = AnyMetadata>(options: MaybeRefOrGetter<StoreOptions>): Readonly<ShallowRef<TransferState<Metadata>>> => {
    const state = shallowRef(initialState);
    const latest = () => toValue(options);
    // On a server nothing is watched.
    if (globalThis.document) {
      watch(
        () => JSON.stringify(identity(latest())),
        (_now, _before, cleanUp) =>
          cleanUp(createStore(watchTransfer, latest(), latest).subscribe((now) => (state.value = now))),
        { immediate: true },
      );
    }
    return state as ShallowRef<TransferState<Metadata>>;
  };

/**
 * Watches a transfer for as long as the scope lives. Options that change begin a new watch; those that cannot be watched
 * are an `error`.
 *
 * @example
 * const state = useTransferStatus(() => request.value && { url, ...request.value });
 */
export const useTransferStatus: <Metadata = AnyMetadata>(
  options: MaybeRefOrGetter<StoreOptions>,
) => Readonly<ShallowRef<TransferState<Metadata>>> = /* @__PURE__ */ composableOn(watchTransfer);
