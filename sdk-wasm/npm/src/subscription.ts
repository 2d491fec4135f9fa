/** Subscription signatures, minted by a shop's backend for its page: PROTOCOL.md, section 5. */
import { asSecret, isMac, join, mac, type Secret } from "./secret.ts";

/** What `POST /create-transfer-request` answers: `watchTransfer` takes it as it is. */
export interface TransferRequest {
  transferRequestId: string;
  merchantId: string;
  /** The last second in which the signature is valid, in Unix seconds. */
  expiry: number;
  /** Whoever holds it may watch this transfer. Not for a log. */
  signature: string;
}

/** What a signature says. */
export type Claims = Omit<TransferRequest, "signature">;

/** What is to be minted. */
export interface MintOptions {
  /** 1 to 128 of `A-Z a-z 0-9 . _ ~ : -`. */
  transferId: string;
  /** The shop's name in the service, up to 128 characters. */
  merchantId: string;
  /** For how many seconds it is valid; 900 when left out. */
  validFor?: number;
  /** The time, in milliseconds since 1970. */
  now?: number;
}

/** The signature does not open the transfer. The message says why, and what the signature should be. */
export class SignatureError extends Error {
  /** `expired` where a fresh one would do. */
  declare readonly code: "unauthorized" | "expired";

  constructor(message: string, code: "unauthorized" | "expired" = "unauthorized") {
    super(message);
    this.name = "SignatureError";
    this.code = code;
  }
}

const isTransferId = (id: unknown) => typeof id == "string" && /^(?!\.\.?$)[\w.~:-]{1,128}$/.test(id);
/** Whether it is a string of whole characters: no Rust string holds half a surrogate pair. */
const isText = (value: unknown): value is string => typeof value == "string" && !/\p{Cs}/u.test(value);
const isMerchantId = (id: unknown): id is string => isText(id) && [...id].length <= 128;
/** From here on it is milliseconds by mistake. */
const isSeconds = (time: number) => time >= 0 && time < 1e11;
/** 32 bytes in base64url, with no bit that is none of theirs. */
const MAC = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

const toBase64 = (bytes: ArrayBuffer | Uint8Array) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
/** In either alphabet, with its padding or less of it; throws for a bit that is none of any byte's. */
const fromBase64 = (text: string) => {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(plain.replace(/=*$/, "")), (sign) => sign.charCodeAt(0));
  if (!toBase64(bytes).startsWith(plain)) throw TypeError();
  return bytes;
};

/**
 * Makes the right to watch one transfer for a while. `secret` is the service's `SUBSCRIBE_HMAC_SECRET`.
 *
 * @throws TypeError when an id or the time is none.
 * @example
 * // In POST /create-transfer-request:
 * response.json({ url, ...(await mint(secret, { transferId: order.id, merchantId: "corner-coffee" })) });
 */
export const mint = async (
  secret: Secret | string,
  { transferId, merchantId, validFor = 900, now = Date.now() }: MintOptions,
): Promise<TransferRequest> => {
  const expiry = Math.floor(now / 1000 + validFor);
  const wrong = !isTransferId(transferId)
    ? "transferId is not valid; use 1 to 128 of A-Z a-z 0-9 . _ ~ : -"
    : !merchantId || !isMerchantId(merchantId)
      ? "merchantId is not valid; use a string of 1 to 128 characters"
      : !isSeconds(expiry) && "validFor is not valid; use a number of seconds";
  if (wrong) throw TypeError(wrong);
  const claims = { transferRequestId: transferId, merchantId, expiry };
  const encoded = toBase64(await join(JSON.stringify(claims)));
  const signed = toBase64(await mac(asSecret(secret), await join(encoded)));
  return { ...claims, signature: `${encoded}.${signed.replaceAll("+", "-").replaceAll("/", "_").replace("=", "")}` };
};

/**
 * Checks that a signature opens this transfer now, and gives what it says. A key that is being changed is a list: the
 * current secret and the one before.
 *
 * @throws SignatureError when it does not.
 * @example
 * const { merchantId } = await verify(secret, bearer, order.id);
 */
export const verify = async (
  secrets: Secret | string | readonly (Secret | string)[],
  signature: string,
  transferId: string,
  { now = Date.now() }: { now?: number } = {},
): Promise<Claims> => {
  const check = (isRight: unknown, why: string, code?: "expired") => {
    if (!isRight) throw new SignatureError(`the signature ${why}`, code);
  };
  const form = (isRight: unknown, why: string) => check(isRight, `is malformed: ${why}`);
  const [payload, given, rest] = /^[ -~]{1,2048}$/.test(signature) ? signature.split(".") : [];
  form(payload && given, "it is not <payload>.<MAC>; pass it on as the backend made it");
  const found = /^[\da-f]{64}$/i.test(given!)
    ? "in hex"
    : /^[\w+/ -]{42,43}[=\w+/]$/.test(given!)
      ? "in plain base64"
      : "not a MAC";
  form(
    rest == undefined && MAC.test(given!),
    `the part after the dot is ${found}; make it the HMAC-SHA256 of the part before, in base64url without padding`,
  );
  const encoded = payload!.replaceAll(" ", "+");
  const [bytes, data] = [fromBase64(given!), await join(encoded)];
  const all = await Promise.all([secrets].flat().map((secret) => isMac(asSecret(secret), bytes, data)));
  check(all.includes(true), "is wrong; make it with the current secret");
  let fields: { [Name in keyof Claims]?: unknown } | undefined;
  try {
    const json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fromBase64(encoded));
    if (/^\s*{/.test(json)) fields = JSON.parse(json);
    if (!isText(Object.keys(fields!).join())) fields = undefined;
  } catch {
    // As below.
  }
  form(fields, "the part before the dot is not base64 of a JSON object");
  const { transferRequestId: id, merchantId, expiry } = fields!;
  const field = (name: keyof Claims, isValid: unknown, expected: string) => {
    form(fields![name] != null, `${name} is missing; send it`);
    form(isValid, `${name} is not valid; send ${expected}`);
  };
  field("transferRequestId", isText(id), "a string");
  field("merchantId", isMerchantId(merchantId), "a string of up to 128 characters");
  const isNumber = typeof expiry == "number" && 1 / expiry > 0;
  field("expiry", isNumber, "Unix seconds, a number from 0");
  field("expiry", isSeconds(expiry as number), "Unix seconds, not milliseconds");
  check(id === transferId, "is for another transfer; ask the backend for one for this");
  const seconds = Math.floor(expiry as number);
  check(Math.floor(now / 1000) <= seconds, "has expired; ask the backend for a fresh one", "expired");
  return { transferRequestId: transferId, merchantId: merchantId as string, expiry: seconds };
};
