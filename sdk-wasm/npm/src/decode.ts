/**
 * Reads what the server sends: exactly what the Rust decoder takes, by the browser's own `JSON.parse`.
 *
 * What is not of the protocol makes these throw. `encodeURIComponent` is the check for lone surrogates, which no
 * Rust string can hold.
 */
import { NOTICE, PONG, UNKNOWN } from "./core.ts";
import type { Notice, Scan, Transfer } from "./types.ts";

type Json = { [key: string]: unknown };

const check = (ok: unknown): void => {
  if (!ok) throw TypeError();
};

const string = (value: unknown): string => {
  check(typeof value == "string");
  encodeURIComponent(value as string);
  return value as string;
};

/** The keys of a JSON value are well-formed; `null` has none and throws. */
const keys = (value: unknown): Json => {
  encodeURIComponent(Object.keys(value as Json).join());
  return value as Json;
};

/** Whether the text is a transfer id: so it can stand in a URL path as it is. */
export const isTransferId = (id: unknown): id is string =>
  typeof id == "string" && /^(?!\.\.?$)[\w.~:-]{1,128}$/.test(id);

/** Every string well-formed, every number finite, at most 127 levels. */
const deep = (value: unknown, levels: number): void => {
  if (value && typeof value == "object") {
    check(levels);
    for (const key in value) {
      encodeURIComponent(key);
      deep((value as Json)[key], levels - 1);
    }
  } else {
    check(value !== 1 / 0 && value !== -1 / 0);
    encodeURIComponent(value as string);
  }
};

/** RFC 3339 with any offset, in milliseconds since the epoch. */
const readTime = (value: unknown): number => {
  const [, date, time, seconds, fraction = "", zone] =
    /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):([0-5]\d|60)(?:\.(\d+))?([Zz]|[+−-]([01]\d|2[0-3]):[0-5]\d)$/.exec(
      string(value),
    )!;
  const minute = date + "T" + time;
  // A day or an hour that does not exist comes back as another one.
  check(new Date(minute + "Z").toISOString().startsWith(minute));
  const at =
    Date.parse(minute + zone!.replace(/−/, "-").toUpperCase()) + +seconds! * 1e3 + +(fraction + "000").slice(0, 3);
  // Beyond the years 0 to 9999 it is longer.
  check(new Date(at).toISOString().length < 25);
  return at;
};

/** Checks that this is the transfer `id`. Returns its `updatedAt` in milliseconds since the epoch. */
export const checkTransfer = (value: unknown, id: string): number => {
  const transfer = keys(value);
  const metadata = transfer.metadata ?? {};
  const version = (transfer.version ?? 1) as number;
  check(transfer.id === id);
  string(transfer.status);
  for (const text of [transfer.message, transfer.merchantId, transfer.customerId]) string(text ?? "");
  check(Number.isFinite(transfer.amount ?? 0));
  // 1 / version tells -0 from 0.
  check(Number.isInteger(version) && 1 / version > 0 && version <= 2 ** 64);
  check(typeof metadata == "object" && !Array.isArray(metadata));
  deep(metadata, 127);
  return readTime(transfer.updatedAt);
};

/** What a message is: a code of `FRAME`, or `STATUS`. */
export const STATUS = -1;

/** A message, and beside a status its `updatedAt` in milliseconds since the epoch. */
export type Decoded =
  | [code: typeof STATUS, message: { type: "status"; transfer: Transfer }, updatedAt: number]
  | [code: typeof NOTICE, message: ({ type: "error" } & Notice) | ({ type: "scan" } & Scan)]
  | [code: typeof PONG | typeof UNKNOWN];

/** Reads one message on the socket of the transfer `id`. */
export const decode = (text: unknown, id: string): Decoded => {
  const message = keys(JSON.parse(string(text)));
  const type = string(message.type);
  if (type == "status") return [STATUS, message as any, checkTransfer(message.transfer, id)];
  if (type == "error") string(message.message);
  else if (type == "scan") {
    check(isTransferId(message.transferId) && typeof message.scanned == "boolean");
    readTime(message.at);
  } else return [type == "pong" ? PONG : UNKNOWN];
  return [NOTICE, message as any];
};
