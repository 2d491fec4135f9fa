/**
 * For a shop's backend: mint, verify, sign, publish and watch, on WebCrypto. Runs in Node.js 20 and later (watching from
 * 22 on), Bun, Deno and Workers. It holds your secrets: it belongs into no page.
 *
 * @packageDocumentation
 */
import { watchTransfer, type AnyMetadata, type TransferWatch, type WatchOptions } from "./index.ts";

export { publish, PublishError, sign, type PublishOptions, type Update } from "./publish.ts";
export { Secret } from "./secret.ts";
export { mint, SignatureError, verify, type Claims, type MintOptions, type TransferRequest } from "./subscription.ts";

/**
 * Watches a transfer from a process, with a connection of its own. Mint the signature here; `getSignature` may mint, too.
 *
 * @example
 * const watched = watch({ url, transferId, getSignature: async () => (await mint(secret, order)).signature });
 * const { status } = await watched.finished;
 */
export const watch = <Metadata = AnyMetadata>(options: WatchOptions & { share?: never }): TransferWatch<Metadata> =>
  watchTransfer({ ...options, share: false });
