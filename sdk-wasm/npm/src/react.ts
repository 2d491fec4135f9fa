/**
 * A React hook.
 *
 * @packageDocumentation
 */
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";

import { watchTransfer, type Connection, type Scan, type Transfer, type WatchOptions } from "./index.ts";
import type { TransferStatusError } from "./index.ts";

/** What a component shows. */
export interface TransferState {
  /** The newest status. */
  readonly transfer: Transfer | undefined;
  /** How news travels now. */
  readonly connection: Connection;
  /** The last scan of the QR code. */
  readonly scan: Scan | undefined;
  /** Why the watch ended without a final status. */
  readonly error: TransferStatusError | undefined;
}

const initial: TransferState = { transfer: undefined, connection: "connecting", scan: undefined, error: undefined };

/** One watch for as long as a component listens. */
const createStore = (
  options: WatchOptions | null | undefined,
  current: { current: WatchOptions | null | undefined },
) => {
  let state = initial;
  let stop: (() => void) | undefined;
  const listeners = new Set<() => void>();
  const start = (options: WatchOptions) => {
    const { getSignature } = options;
    const watch = watchTransfer({
      ...options,
      ...(getSignature && { getSignature: (request) => (current.current?.getSignature ?? getSignature)(request) }),
    });
    const set = (change: Partial<TransferState>) => {
      state = { ...state, ...change };
      listeners.forEach((listener) => listener());
    };
    const off = [
      watch.on("status", (transfer) => set({ transfer })),
      watch.on("connection", (connection) => set({ connection })),
      watch.on("scan", (scan) => set({ scan })),
      watch.on("error", (error) => set({ error })),
    ];
    stop = () => {
      off.forEach((off) => off());
      watch.close();
      stop = undefined;
    };
  };
  return {
    get: () => state,
    subscribe(listener: () => void) {
      listeners.add(listener);
      if (options && !stop) start(options);
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
 * `options` is `null`.
 *
 * A change of url, transfer, signature or `share` begins a new watch; `getSignature` may be a new function at each
 * render.
 *
 * @example
 * function Payment({ request }) {
 *   const { transfer, connection, error } = useTransferStatus({ url: "https://status.example.com", ...request });
 *   if (error) return <p role="alert">{error.message}</p>;
 *   return <p>{transfer?.status ?? connection}</p>;
 * }
 */
export const useTransferStatus = (options: WatchOptions | null | undefined): TransferState => {
  const current = useRef(options);
  useEffect(() => {
    current.current = options;
  });
  const { url, transferId, transferRequestId, signature, qr, share } = (options ?? {}) as Record<string, unknown>;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what matters of the options, not their identity
  const store = useMemo(
    () => createStore(options, current),
    // URLs are compared by their text.
    [!options, `${url}`, transferId ?? transferRequestId, signature, qr && `${qr}`, share],
  );
  return useSyncExternalStore(store.subscribe, store.get, () => initial);
};
