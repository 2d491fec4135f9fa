/**
 * As the default entry, with the WebAssembly file fetched: the smallest script, one request more.
 *
 * @packageDocumentation
 */
import type { TransferWatch, WatchOptions } from "./types.ts";
import { watch } from "./watch.ts";

export { TransferStatusError, type ErrorCode } from "./error.ts";
export type * from "./types.ts";

/** What `watchTransfer` of this entry takes. */
export type SlimOptions = WatchOptions & {
  /**
   * Where `session.wasm` is, if the bundler does not bring it along.
   *
   * @example
   * import wasm from "@transfer-status/client/session.wasm?url"; // Vite
   */
  wasm?: string | URL;
};

/**
 * Watches a transfer until its final status, through lost networks, sleeping tabs and deploys.
 *
 * @throws TypeError when the options name no transfer, no signature or no address.
 * @example
 * const watch = watchTransfer({ url: "https://status.example.com", transferId, signature });
 * watch.on("status", (transfer) => show(transfer.status));
 */
export const watchTransfer = (options: SlimOptions): TransferWatch =>
  watch(
    async () => WebAssembly.instantiateStreaming(fetch(options.wasm ?? new URL("./session.wasm", import.meta.url))),
    options,
  );
