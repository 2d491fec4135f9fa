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
/** From here on it is milliseconds by mistake. */
const MILLISECONDS = 1e11;
/** 32 bytes in base64url, with no bit that is none of theirs. */
const MAC = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

const toBase64 = (bytes: ArrayBuffer | Uint8Array) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const fromBase64 = (text: string) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

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
  if (!isTransferId(transferId)) throw TypeError("transferId is no id; use 1 to 128 of A-Z a-z 0-9 . _ ~ : -");
  if (typeof merchantId != "string" || !merchantId || [...merchantId].length > 128 || /\p{Cs}/u.test(merchantId)) {
    throw TypeError("merchantId is not 1 to 128 characters; use another");
  }
  const expiry = Math.floor(now / 1000 + validFor);
  if (!(expiry >= 0 && expiry < MILLISECONDS))
    throw TypeError("validFor is no number of seconds; pass one such as 900");
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
  const malformed = (why: string) => new SignatureError(`the signature is malformed: ${why}`);
  const [payload, given, rest] = /^[ -~]{1,2048}$/.test(signature) ? signature.split(".") : [];
  if (!payload || !given) {
    throw malformed("it is not <payload>.<MAC>; pass on the text that the backend handed out, as it is");
  }
  if (rest !== undefined || !MAC.test(given)) {
    const isHex = /^[\da-f]{64}$/i.test(given);
    const found = isHex ? "is in hex" : /^[\w+/ -]{42,43}[=\w+/]$/.test(given) ? "is in plain base64" : "is not a MAC";
    throw malformed(
      `the part after the dot ${found}; make it the HMAC-SHA256 of the part before the dot, in base64url without padding, 43 characters`,
    );
  }
  const encoded = payload.replaceAll(" ", "+");
  const [bytes, data] = [fromBase64(given), await join(encoded)];
  const all = await Promise.all([secrets].flat().map((secret) => isMac(asSecret(secret), bytes, data)));
  if (!all.includes(true)) {
    throw new SignatureError("the signature is wrong; ask the backend for one made with the current secret");
  }
  let fields: { [Name in keyof Claims]?: unknown };
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(fromBase64(encoded));
    fields = /^\s*{/.test(json) && JSON.parse(json);
    if (!fields) throw 0;
  } catch {
    throw malformed("the part before the dot is not base64 of a JSON object in UTF-8; encode it so");
  }
  const check = (name: keyof Claims, isValid: boolean, expected: string) => {
    if (fields[name] == null) throw malformed(`in its payload, ${name} is missing; send it`);
    if (!isValid) throw malformed(`in its payload, ${name} is not valid; send ${expected}`);
  };
  const { transferRequestId: id, merchantId, expiry } = fields;
  check("transferRequestId", typeof id == "string", "the transfer's id, a string");
  check(
    "merchantId",
    typeof merchantId == "string" && [...merchantId].length <= 128,
    "a string of up to 128 characters",
  );
  check("expiry", typeof expiry == "number" && expiry >= 0 && !Object.is(expiry, -0), "Unix seconds, a number from 0");
  check("expiry", (expiry as number) < MILLISECONDS, "Unix seconds, not milliseconds");
  if (id !== transferId) {
    throw new SignatureError("the signature is for another transfer; ask the backend for one for this transfer");
  }
  const seconds = Math.floor(expiry as number);
  if (Math.floor(now / 1000) > seconds) {
    throw new SignatureError("the signature has expired; ask the backend for a fresh one", "expired");
  }
  return { transferRequestId: transferId, merchantId: merchantId as string, expiry: seconds };
};
