/**
 * Follow a payment live. Everything inlined: no second request before the first status.
 *
 * @packageDocumentation
 */
export { isFinal } from "./final.ts";
import text from "session:text";
import type { AnyMetadata, TransferWatch, WatchOptions } from "./types.ts";
import { unpack } from "./unpack.ts";
import { watch } from "./watch.ts";

export { TransferStatusError, type ErrorCode } from "./error.ts";
export type * from "./types.ts";

/** Compiled once a page; a policy that refuses is asked once, too. */
let module: Promise<WebAssembly.Module> | undefined;
const compile = () => (module ??= WebAssembly.compile(unpack(text)));

/**
 * Watches a transfer until its final status, through lost networks, sleeping tabs and deploys.
 *
 * @throws TypeError when the options name no transfer, no signature, or an address that cannot be right.
 * @example
 * const watch = watchTransfer({ url: "https://status.example.com", transferId, signature });
 * watch.on("status", (transfer) => show(transfer.status));
 * const { status } = await watch.finished;
 * @example
 * // From a QR code, as it was scanned.
 * watchTransfer({ url, qr: "https://pay.example.com/t/transfer-123#s=eyJ0cm…" });
 * @example
 * // From the answer of your backend, as it is.
 * watchTransfer({ url, ...(await response.json()) });
 */
export const watchTransfer = <Metadata = AnyMetadata>(options: WatchOptions): TransferWatch<Metadata> =>
  watch(compile, options) as TransferWatch<Metadata>;
