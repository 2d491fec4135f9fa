/**
 * Reads what the server sends: exactly what the Rust decoder takes, by the browser's own `JSON.parse`.
 *
 * What is not of the protocol makes these throw, a `TypeError` with the field's name where one cannot be read.
 */
import { FRAME_NOTICE, FRAME_PONG, FRAME_UNKNOWN } from "./core.ts";
import type { Notice, Scan, Transfer } from "./types.ts";

type Json = { [key: string]: unknown };

/** No message or answer of the service comes near it. */
export const MOST_BYTES = 65_536;

const check = (ok: unknown, field?: string): void => {
  if (!ok) throw TypeError(field);
};

/** A string of whole characters: no Rust string holds half a surrogate pair. */
const isText = (value: unknown): value is string => typeof value == "string" && !/\p{Cs}/u.test(value);

const text = (value: unknown, field?: string): string => {
  check(isText(value), field);
  return value as string;
};

/** An object, or the array that Rust reads as one; its keys are texts. */
const keys = (value: unknown, field?: string): Json => {
  check(value && isText(Object.keys(value).join()), field);
  return value as Json;
};

/** Whether the text is a transfer id: so it can stand in a URL path as it is. */
export const isTransferId = (id: unknown): id is string =>
  typeof id == "string" && /^(?!\.\.?$)[\w.~:-]{1,128}$/.test(id);

/** Every string well-formed, every number finite, at most 127 levels. */
const isSound = (value: unknown, levels: number): boolean =>
  value && typeof value == "object"
    ? !!levels && Object.entries(value).every(([key, inner]) => isText(key) && isSound(inner, levels - 1))
    : // Of a text that is not sound there is no number.
      isText(value) || Math.abs(value as number) < Infinity;

/** RFC 3339 with any offset, in milliseconds since the epoch. */
const readTime = (value: unknown, field: string): number => {
  const [, minute] = /^(.{16}):[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/.exec(text(value, field)) ?? [];
  // A day or an hour that does not exist comes back as another one, or as none.
  check(minute && new Date(minute + "Z").toJSON()?.startsWith(minute), field);
  const at = Date.parse(value as string);
  // Beyond the years 0 to 9999 it is longer.
  check(new Date(at).toJSON()?.length < 25, field);
  return at;
};

/** Checks that this is the transfer `id`. Returns its `updatedAt` in milliseconds since the epoch. */
export const checkTransfer = (value: unknown, id: string): number => {
  const transfer = keys(value, "transfer");
  const metadata = transfer.metadata ?? {};
  const version = (transfer.version ?? 1) as number;
  check(transfer.id === id, "id");
  text(transfer.status, "status");
  for (const field of ["message", "merchantId", "customerId"]) text(transfer[field] ?? "", field);
  check(Number.isFinite(transfer.amount ?? 0), "amount");
  // 1 / version tells -0 from 0.
  check(Number.isInteger(version) && 1 / version > 0 && version <= 2 ** 64, "version");
  check(typeof metadata == "object" && !Array.isArray(metadata) && isSound(metadata, 127), "metadata");
  return readTime(transfer.updatedAt, "updatedAt");
};

/** What a message is: a code of `FRAME`, or `STATUS`. */
export const STATUS = -1;

/** A message, and beside a status its `updatedAt` in milliseconds since the epoch. */
export type Decoded =
  | [code: typeof STATUS, message: { type: "status"; transfer: Transfer }, updatedAt: number]
  | [code: typeof FRAME_NOTICE, message: ({ type: "error" } & Notice) | ({ type: "scan" } & Scan)]
  | [code: typeof FRAME_PONG | typeof FRAME_UNKNOWN];

/** Reads one message on the socket of the transfer `id`. */
export const decode = (data: unknown, id: string): Decoded => {
  check(new Blob([text(data)]).size <= MOST_BYTES);
  const message = keys(JSON.parse(data as string));
  const type = text(message.type, "type");
  if (type == "status") return [STATUS, message as any, checkTransfer(message.transfer, id)];
  if (type == "error") text(message.message, "message");
  else if (type == "scan") {
    check(isTransferId(message.transferId), "transferId");
    check(typeof message.scanned == "boolean", "scanned");
    readTime(message.at, "at");
    // A scan of another transfer is nothing to tell.
    if (message.transferId !== id) return [FRAME_UNKNOWN];
  } else return [type == "pong" ? FRAME_PONG : FRAME_UNKNOWN];
  return [FRAME_NOTICE, message as any];
};
