/**
 * A watch as a store, for whatever shows state: `get` and `subscribe`. Svelte takes it as it is; the adapters for React,
 * Vue, Solid and Angular stand on it.
 *
 * @packageDocumentation
 */
import type { TransferStatusError } from "./error.ts";
import type { AnyMetadata, Connection, Problem, Scan, Transfer, TransferWatch, WatchOptions } from "./types.ts";

export { isFinal } from "./final.ts";

/** What a page shows. */
export interface TransferState<Metadata = AnyMetadata> {
  /** The newest status. */
  readonly transfer: Transfer<Metadata> | undefined;
  /** How news travels now. */
  readonly connection: Connection;
  /** The last scan of the QR code. */
  readonly scan: Scan | undefined;
  /** What keeps the watch from being live, `null` while nothing does. It goes on trying. */
  readonly problem: Problem | null;
  /**
   * Why the watch ended without a final status, or with the code `failed` that the options cannot be watched, as while
   * they are half loaded.
   */
  readonly error: TransferStatusError | undefined;
  /** Watches again after an error. What is shown stays until news comes. */
  readonly retry: () => void;
}

/** One watch for as long as anybody listens. */
export interface TransferStore<Metadata = AnyMetadata> {
  /** The state now; the same object until it changes. */
  get(): TransferState<Metadata>;
  /** Calls `listener` with the state, at once and at each change; gives what takes it off again. */
  subscribe(listener: (state: TransferState<Metadata>) => void): () => void;
}

/** Options, or none yet. */
export type StoreOptions = WatchOptions | null | undefined;

/** What is shown before anything is known, as during server rendering. */
export const initialState: TransferState = {
  transfer: undefined,
  connection: "connecting",
  scan: undefined,
  problem: null,
  error: undefined,
  retry() {},
};

/**
 * Makes a store of a watch. It begins with the first listener and ends after the last; it never throws: options that
 * cannot be watched are an `error`. `latest` gives the options of a later moment, for `getSignature` and a retry.
 *
 * @param watchTransfer that of the default entry, or of `/slim`.
 * @example
 * import { watchTransfer } from "@transfer-status/client/slim";
 * const store = createStore(watchTransfer, { url, transferId, signature });
 * const off = store.subscribe(({ transfer, connection }) => show(transfer?.status ?? connection));
 */
export const createStore = <Metadata = AnyMetadata>(
  watchTransfer: (options: WatchOptions) => TransferWatch<Metadata>,
  options: StoreOptions,
  latest: () => StoreOptions = () => options,
): TransferStore<Metadata> => {
  let state: TransferState<Metadata> = {
    ...(initialState as TransferState<Metadata>),
    retry: () => listeners.size && restart(),
  };
  let stop: (() => void) | undefined;
  // After the final status there is nothing more to watch.
  let isOver = false;
  const listeners = new Set<(state: TransferState<Metadata>) => void>();
  const set = (change: Partial<TransferState<Metadata>>) => {
    state = { ...state, ...change };
    for (const listener of [...listeners]) listener(state);
  };
  const start = ({ getSignature, ...rest }: WatchOptions) => {
    const watch = watchTransfer({
      ...rest,
      ...(getSignature && { getSignature: (request) => (latest()?.getSignature ?? getSignature)(request) }),
    } as WatchOptions);
    const off = [
      ...(["connection", "scan", "problem", "error"] as const).map((name) =>
        watch.on(name, (value) => set({ [name]: value })),
      ),
      watch.on("status", (transfer) => set({ transfer })),
      watch.on("closed", (reason) => (isOver = reason === null)),
    ];
    stop = () => {
      for (const take of off) take();
      watch.close();
      stop = undefined;
    };
  };
  const restart = () => {
    stop?.();
    if (!options || isOver) return;
    // How an earlier watch ended is not how this one stands.
    if (state.connection != "connecting") set({ connection: "connecting", problem: null, error: undefined });
    try {
      start(latest() ?? options);
    } catch (error) {
      // Thrown within an effect it would take the whole page down.
      set({
        connection: "closed",
        error: Object.assign(error as TransferStatusError, { name: "TransferStatusError", code: "failed" }),
      });
    }
  };
  return {
    get: () => state,
    subscribe(listener) {
      // Not the function itself: one that listens twice hears twice.
      const own = (state: TransferState<Metadata>) => listener(state);
      listeners.add(own);
      listener(state);
      if (!stop) restart();
      return () => {
        listeners.delete(own);
        // A component may be taken off and mounted again at once: the same watch goes on.
        setTimeout(() => listeners.size || stop?.());
      };
    },
  };
};

/** Of options, what begins another watch when it changes. URLs go by their text. */
export const identity = (options: StoreOptions): unknown[] => {
  const { url, transferId, transferRequestId, signature, qr, share, getSignature } = (options ?? {}) as Record<
    string,
    unknown
  >;
  return [!options, `${url}`, transferId ?? transferRequestId, signature, qr && `${qr}`, share, !getSignature];
};
