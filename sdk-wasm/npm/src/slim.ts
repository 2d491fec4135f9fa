/**
 * As the default entry, with the WebAssembly file fetched: the smallest script, one request more.
 *
 * @packageDocumentation
 */
export { isFinal } from "./final.ts";
import type { AnyMetadata, TransferWatch, WatchOptions } from "./types.ts";
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

/** Compiled once a page, by address; one that failed is not asked for again, the translated session stands in. */
const modules: Record<string, Promise<WebAssembly.Module>> = {};

/**
 * Watches a transfer until its final status, through lost networks, sleeping tabs and deploys.
 *
 * @throws TypeError when the options name no transfer, no signature, or an address that cannot be right.
 * @example
 * const watch = watchTransfer({ url: "https://status.example.com", transferId, signature });
 * watch.on("status", (transfer) => show(transfer.status));
 */
export const watchTransfer = <Metadata = AnyMetadata>({ wasm, ...options }: SlimOptions): TransferWatch<Metadata> => {
  const url = wasm ?? new URL("./session.wasm", import.meta.url);
  return watch(
    () => (modules[`${url}`] ??= WebAssembly.compileStreaming(fetch(url))),
    options as WatchOptions,
  ) as TransferWatch<Metadata>;
};
