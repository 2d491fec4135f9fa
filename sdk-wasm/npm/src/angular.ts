/**
 * An Angular signal.
 *
 * @packageDocumentation
 */
import { computed, effect, inject, NgZone, signal, untracked, type Signal } from "@angular/core";

import { watchTransfer, type AnyMetadata, type TransferWatch, type WatchOptions } from "./index.ts";
import { createStore, identity, initialState, type StoreOptions, type TransferState } from "./store.ts";

/** {@link injectTransferStatus} on the `watchTransfer` of another entry, `/slim`. */
export const injectOn =
  (watchTransfer: (options: WatchOptions) => TransferWatch) =>
  <Metadata = AnyMetadata>(options: () => StoreOptions): Signal<TransferState<Metadata>> => {
    const state = signal(initialState);
    const zone = inject(NgZone);
    const same = computed(() => JSON.stringify(identity(options())));
    effect((cleanUp) => {
      same();
      const latest = () => untracked(options);
      const subscribe = () => createStore(watchTransfer, latest(), latest).subscribe((now) => state.set(now));
      // A socket and its timers would keep the page from being stable for ever. On a server nothing is watched.
      if (globalThis.document?.defaultView) cleanUp(zone.runOutsideAngular(() => untracked(subscribe)));
    });
    return state.asReadonly() as Signal<TransferState<Metadata>>;
  };

/**
 * Watches a transfer for as long as the injector lives; call it where `inject` may be called. Options that change begin a
 * new watch; those that cannot be watched are an `error`.
 *
 * @example
 * readonly state = injectTransferStatus(() => this.request() && { url, ...this.request() });
 */
export const injectTransferStatus: <Metadata = AnyMetadata>(
  options: () => StoreOptions,
) => Signal<TransferState<Metadata>> = /* @__PURE__ */ injectOn(watchTransfer);
