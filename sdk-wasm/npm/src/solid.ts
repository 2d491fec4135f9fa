/**
 * A Solid primitive.
 *
 * @packageDocumentation
 */
import { createEffect, createMemo, createSignal, onCleanup, untrack, type Accessor } from "solid-js";

import { watchTransfer, type AnyMetadata, type TransferWatch, type WatchOptions } from "./index.ts";
import { createStore, identity, initialState, type StoreOptions, type TransferState } from "./store.ts";

/** {@link createTransferStatus} on the `watchTransfer` of another entry, `/slim`. */
export const primitiveOn =
  (watchTransfer: (options: WatchOptions) => TransferWatch) =>
  <Metadata = AnyMetadata>(options: Accessor<StoreOptions>): Accessor<TransferState<Metadata>> => {
    const [state, setState] = createSignal(initialState);
    const same = createMemo(() => JSON.stringify(identity(options())));
    // Effects do not run on a server.
    createEffect(() => {
      same();
      const latest = () => untrack(options);
      onCleanup(createStore(watchTransfer, latest(), latest).subscribe(setState));
    });
    return state as Accessor<TransferState<Metadata>>;
  };

/**
 * Watches a transfer for as long as its owner lives. Options that change begin a new watch; those that cannot be watched
 * are an `error`.
 *
 * @example
 * const state = createTransferStatus(() => request() && { url, ...request() });
 * return <p>{state().transfer?.status ?? state().connection}</p>;
 */
export const createTransferStatus: <Metadata = AnyMetadata>(
  options: Accessor<StoreOptions>,
) => Accessor<TransferState<Metadata>> = /* @__PURE__ */ primitiveOn(watchTransfer);
