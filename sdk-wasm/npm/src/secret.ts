/** A key for signatures that cannot be printed: PROTOCOL.md, section 3. */

/** Text, or bytes as they came. */
export type Bytes = string | Uint8Array<ArrayBuffer>;

/** All parts, one after the other; a text in UTF-8. */
export const join = (...parts: Bytes[]): Promise<ArrayBuffer> => new Blob(parts).arrayBuffer();

/** The MAC of `data`. */
export let mac: (secret: Secret, data: ArrayBuffer) => Promise<Uint8Array>;
/** Whether `given` is the MAC of `data`; compared in constant time. */
export let isMac: (secret: Secret, given: BufferSource, data: ArrayBuffer) => Promise<boolean>;

/**
 * A secret that is shared with the service: `HMAC_SECRET` or `SUBSCRIBE_HMAC_SECRET`. White space around it is no part
 * of it. Neither logs nor JSON show it.
 *
 * @example
 * const secret = new Secret(process.env.HMAC_SECRET);
 */
export class Secret {
  readonly #key: Promise<CryptoKey>;

  /** @throws TypeError when there is no text, as when an environment variable is not set. */
  constructor(text: string | undefined) {
    const trimmed = typeof text == "string" && text.trim();
    if (!trimmed) throw TypeError("the secret is empty; set its environment variable");
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key = join(trimmed).then((raw) => crypto.subtle.importKey("raw", raw, algorithm, false, ["sign", "verify"]));
  }

  static {
    mac = async (secret, data) => new Uint8Array(await crypto.subtle.sign("HMAC", await secret.#key, data));
    isMac = async (secret, given, data) => crypto.subtle.verify("HMAC", await secret.#key, given, data);
  }

  toJSON(): string {
    return "[redacted]";
  }
}

/** What functions take: a string is made a {@link Secret} at once. */
export const asSecret = (secret: Secret | string): Secret => (secret instanceof Secret ? secret : new Secret(secret));
