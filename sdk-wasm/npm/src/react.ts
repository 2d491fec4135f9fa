/**
 * A React hook.
 *
 * @packageDocumentation
 */
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";

import {
  TransferStatusError,
  watchTransfer,
  type Connection,
  type Problem,
  type Scan,
  type Transfer,
  type WatchOptions,
} from "./index.ts";

/** What a component shows. */
export interface TransferState {
  /** The newest status. */
  readonly transfer: Transfer | undefined;
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
  /** Watches again after an error, with the options of the latest render. What is shown stays until news comes. */
  readonly retry: () => void;
}

type Options = WatchOptions | null | undefined;

const initial: TransferState = {
  transfer: undefined,
  connection: "connecting",
  scan: undefined,
  problem: null,
  error: undefined,
  retry() {},
};

/** One watch for as long as a component listens. */
const createStore = (options: Options, current: { current: Options }) => {
  let state: TransferState = { ...initial, retry: () => listeners.size && restart() };
  let stop: (() => void) | undefined;
  // After the final status there is nothing more to watch.
  let final = false;
  const listeners = new Set<() => void>();
  const set = (change: Partial<TransferState>) => {
    state = { ...state, ...change };
    listeners.forEach((listener) => listener());
  };
  const start = ({ getSignature, ...rest }: WatchOptions) => {
    const watch = watchTransfer({
      ...rest,
      ...(getSignature && { getSignature: (request) => (current.current?.getSignature ?? getSignature)(request) }),
    } as WatchOptions);
    const off = [
      watch.on("status", (transfer) => set({ transfer })),
      watch.on("connection", (connection) => set({ connection })),
      watch.on("scan", (scan) => set({ scan })),
      watch.on("problem", (problem) => set({ problem })),
      watch.on("error", (error) => set({ error })),
      watch.on("closed", (reason) => (final = reason === null)),
    ];
    stop = () => {
      off.forEach((off) => off());
      watch.close();
      stop = undefined;
    };
  };
  const restart = () => {
    stop?.();
    if (!options || final) return;
    // How an earlier watch ended is not how this one stands.
    if (state.connection != "connecting") set({ connection: "connecting", problem: null, error: undefined });
    try {
      start(current.current ?? options);
    } catch (error) {
      // Thrown within an effect it would take the whole page down.
      set({ connection: "closed", error: new TransferStatusError("failed", (error as Error).message) });
    }
  };
  return {
    get: () => state,
    subscribe(listener: () => void) {
      listeners.add(listener);
      if (!stop) restart();
      return () => {
        listeners.delete(listener);
        // Strict Mode takes every component off once and mounts it again at once: the same watch goes on.
        setTimeout(() => listeners.size || stop?.());
      };
    },
  };
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
export const useTransferStatus = (options: Options): TransferState => {
  const current = useRef(options);
  useEffect(() => {
    current.current = options;
  });
  const { url, transferId, transferRequestId, signature, qr, share, getSignature } = (options ?? {}) as Record<
    string,
    unknown
  >;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what matters of the options, not their identity
  const store = useMemo(
    () => createStore(options, current),
    // URLs are compared by their text.
    [!options, `${url}`, transferId ?? transferRequestId, signature, qr && `${qr}`, share, !getSignature],
  );
  return useSyncExternalStore(store.subscribe, store.get, () => initial);
};
