/** Finds out which transfer is meant, and with which signature, from any of the forms it is handed over in. */
import { isTransferId } from "./decode.ts";
import { readQr } from "./qr-read.ts";
import type { WatchOptions } from "./types.ts";

/** The transfer's id and its signature, if one was given. */
export const readTarget = (options: WatchOptions): [id: string, signature: string | null | undefined] => {
  const { qr, transferId, transferRequestId, signature } = options as {
    [key in "qr" | "transferId" | "transferRequestId" | "signature"]?: string;
  };
  let id = transferId ?? transferRequestId;
  let text: string | null | undefined = signature;
  if (qr) [id, text] = readQr(qr);
  if (!isTransferId(id)) throw TypeError("pass transferId, or qr");
  if (!text && !options.getSignature) throw TypeError("pass signature or getSignature");
  return [id, text];
};
