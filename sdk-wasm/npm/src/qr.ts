/**
 * QR codes and scans: an entry of its own, so that a page that needs neither loads none of it.
 *
 * @packageDocumentation
 */
import { isTransferId } from "./decode.ts";
import { isPrivateHost } from "./host.ts";
import { readQr } from "./qr-read.ts";

export { TransferStatusError, type ErrorCode } from "./index.ts";
export { reportScan, type ScanTarget } from "./scan.ts";

/** What a QR code says: which transfer to watch, with which signature, on whose page. */
export interface QrPayload {
  /** The address of the page, such as `https://pay.example.com`, with no slash at its end. */
  page: string;
  transferId: string;
  signature: string;
}

/** Most characters of a payload that is read. */
const MAX_LENGTH = 8_192;

const NO_ID = "the path does not end with /t/<transfer id>; scan a transfer's code";
const NO_SIGNATURE = "there is no usable signature in the payload; scan a transfer's code";

/** The page as it is kept: scheme and host in lower case, where case means nothing. */
const readPage = (page: string): string => {
  const parts = /^(https?):\/\/([\w.-]+|\[[\da-f:.]+\])(?::([1-9]\d{0,4}))?(\/[\w.~%!$&'()*+,;=:@/-]*)?$/i.exec(page);
  const [, scheme, host] = parts ?? [];
  const plain = scheme?.toLowerCase() == "http";
  try {
    // Throws for what is no IPv6 address, and for a port over 65535.
    new URL(page);
    if (host && (!plain || isPrivateHost(host))) return page.replace(/^.*?\/\/[^/]*/, (origin) => origin.toLowerCase());
  } catch {
    // As below.
  }
  throw new TypeError("the page is not an https address; use https://<host>, or http://localhost in development");
};

const isSignature = (text: string): boolean => /^[ -~]{1,2048}$/.test(text);

const decode = (text: string | undefined): string | undefined => {
  try {
    return text === undefined ? text : decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** All but unreserved characters percent-encoded (RFC 3986, section 2.3). */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** The signature among the parameters of a fragment or a query, in either form. */
const readSignature = (parameters: string, transferId: string): string | undefined => {
  const get = (name: string) => new RegExp(`(?:^|&)${name}=([^&]*)`).exec(parameters)?.[1];
  const whole = decode(get("s"))?.replaceAll(" ", "+");
  if (get("s") !== undefined) return whole && isSignature(whole) ? whole : undefined;
  const [merchantId, expiry, mac] = [decode(get("m")), get("e"), get("h")];
  // A number is written in one way only, and one that JavaScript would round is no time in seconds.
  if (merchantId === undefined || !/^(0|[1-9]\d{0,14})$/.test(expiry ?? "") || !/^[\w-]{43}$/.test(mac ?? "")) return;
  const signature = readQr(`/t/${transferId}#m=${encode(merchantId)}&e=${expiry}&h=${mac}`)[1];
  return isSignature(signature) ? signature : undefined;
};

/**
 * Reads the text of a scanned code, in the long and the short form, from the fragment or else the query.
 *
 * Also taken is what scanners are known to make of a code: a `#` that became `%23`, a slash before it, and a scheme,
 * host or `/T/` in upper case.
 *
 * @throws TypeError for everything else, with a message that does not repeat the text.
 * @example
 * const { page, transferId, signature } = parseQr("https://pay.example.com/t/transfer-123#s=eyJ0cm…");
 * watchTransfer({ url: "https://status.example.com", transferId, signature });
 */
export const parseQr = (text: string | URL): QrPayload => {
  const given = String(text).trim();
  if (given.length > MAX_LENGTH) throw new TypeError("the text is over 8 KiB, so it is no payload of ours");
  const payload = given.replace(/^([^?#]*?)%23/, "$1#");
  const [address = "", query = "", fragment = ""] = /^([^?#]*)\??([^#]*)#?(.*)$/s.exec(payload)!.slice(1);
  const [, before = "", id] = /^(.*)\/t\/([^/]*)\/?$/i.exec(address) ?? [];
  if (id === undefined) throw new TypeError(NO_ID);
  const page = readPage(before);
  const transferId = decode(id);
  if (!isTransferId(transferId)) throw new TypeError(NO_ID);
  const signature = readSignature(fragment, transferId) ?? readSignature(query, transferId);
  if (!signature) throw new TypeError(NO_SIGNATURE);
  return { page, transferId, signature };
};

/** The facts in a signature in the usual form, as the short form has them. */
const shortFacts = (signature: string): string => {
  const [payload, mac] = signature.split(".");
  const bytes = Uint8Array.from(atob(payload!), (byte) => byte.charCodeAt(0));
  const json = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  const [, merchantId, expiry] = /"merchantId":("(?:[^"\\]|\\.)*"),"expiry":(\d+)\}$/.exec(json)!;
  return `m=${encode(JSON.parse(merchantId!) as string)}&e=${expiry}&h=${mac}`;
};

/**
 * Writes the text of a code: the short form, which makes the code a third smaller, where it gives the very signature
 * back; else the long one.
 *
 * @throws TypeError when the page is no `https` address (or an `http` one of this machine or a private network), or has
 * credentials, a query or a fragment; when the id is none, or the signature cannot be one.
 * @example
 * formatQr({ page: "https://pay.example.com", transferId, signature });
 * // "https://pay.example.com/t/transfer-123#m=merchant-7&e=1733231604&h=yjMmepJz9pl2bUOT24-M-ckz5k7FTOIgrvobVVryeus"
 */
export const formatQr = ({ page, transferId, signature }: QrPayload): string => {
  if (!isTransferId(transferId))
    throw new TypeError("transferId is no transfer id; pass the one your backend answered with");
  if (!isSignature(signature))
    throw new TypeError("signature is none; pass on the text that the backend handed out, as it is");
  const start = `${readPage(String(page).replace(/\/+$/, ""))}/t/${transferId}#`;
  try {
    const short = shortFacts(signature);
    if (readSignature(short, transferId) === signature) return start + short;
  } catch {
    // Not in the usual form.
  }
  // Only what cannot stand in a fragment is encoded (RFC 3986, section 3.5).
  return `${start}s=${signature.replace(/[^\w!$'()*+,\-./:;=?@~]/g, (sign) => encode(sign))}`;
};
