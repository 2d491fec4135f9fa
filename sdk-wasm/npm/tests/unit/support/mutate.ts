/** Server messages and what comes of them: fields replaced, dropped and added, times and numbers bent, bytes hit. */

/** A small seeded generator (mulberry32), so that a failure can be run again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    let t = (this.#state = (this.#state + 0x6d2b79f5) >>> 0);
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}

const base = [
  '{"type":"status","transfer":{"id":"transfer-123","status":"processing","message":"Zażółć ✓","amount":12.10,"merchantId":"m","customerId":"c","updatedAt":"2024-01-15T10:30:00.123Z","metadata":{"order":{"lines":[1,2.5,null,true]}},"version":3}}',
  '{"type":"status","transfer":{"id":"transfer-123","status":"completed","updatedAt":"2024-02-29T23:59:59+01:30"}}',
  '{"type":"scan","transferId":"transfer-123","scanned":true,"at":"2024-01-15T10:30:00Z"}',
  '{"type":"error","code":"unauthorized","message":"the signature is wrong"}',
  '{"type":"pong"}',
  '{"type":"weather","sunny":true,"days":[{"a":1}]}',
];

/** Values in JSON's own spelling, since some of them no JavaScript value stands for. */
const values = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "1",
  "-1",
  "2.5",
  "1e3",
  "1e308",
  "1e309",
  "-1e400",
  "1e-400",
  "12.10",
  "9007199254740991",
  "0.1",
  '""',
  '"x"',
  '"."',
  '".."',
  '"a b"',
  '"a\\/b"',
  '"\\u0061"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '"\\ude00x"',
  '"\\u0000"',
  '"pending"',
  '"completed"',
  '"cancelled"',
  '"refunded"',
  '"pong"',
  '"status"',
  '"error"',
  '"scan"',
  '"__proto__"',
  '"constructor"',
  "[]",
  "{}",
  '["a"]',
  '[["status"]]',
  '{"a":1}',
  '{"a":"\\ud800"}',
  '{"\\udc00":1}',
  '{"a":[1e999]}',
  '{"toString":1,"constructor":2}',
  '{"__proto__":{"a":1}}',
  '"' + "a".repeat(128) + '"',
  '"' + "a".repeat(129) + '"',
  '"' + "é".repeat(1100) + '"',
  '{"a":"' + "b".repeat(9000) + '"}',
  ...[16, 126, 127, 128, 200].flatMap((n) => [
    "[".repeat(n) + "]".repeat(n),
    '{"a":'.repeat(n) + "null" + "}".repeat(n),
  ]),
];

const part = (random: Random, usual: string[], odd: string[]) => random.pick(random.below(4) ? usual : odd);

/** Times at the edges of what both sides can hold. */
const edges = [
  "0000-01-01T00:00:00Z",
  "0000-01-01T00:00:00+00:01",
  "0000-01-01T00:00:00-00:01",
  "9999-12-31T23:59:59.999Z",
  "9999-12-31T23:59:60Z",
  "9999-12-31T23:59:59-00:01",
  "2024-01-15T10:30:00+23:59",
  "2024-01-15T10:30:00-24:00",
  "2024-01-15T10:30:00+99:59",
  "1969-12-31T23:59:59.9999Z",
  "2023-02-29T00:00:00Z",
  "2000-02-29T24:00:00Z",
];

/** A time, right or nearly so. */
const time = (random: Random): string => {
  if (!random.below(4)) return JSON.stringify(random.pick(edges));
  const year = part(random, ["2024", "2023", "1969", "2100"], ["0000", "9999", "0099", "10000", "24"]);
  const month = part(random, ["01", "02", "12"], ["00", "13", "1"]);
  const day = part(random, ["01", "15", "28", "29"], ["30", "31", "32", "00", "5"]);
  const hour = part(random, ["00", "10", "23"], ["24", "25", "7"]);
  const minute = part(random, ["00", "30", "59"], ["60", "99", "3"]);
  const second = part(random, ["00", "30", "59"], ["60", "61", "4", ""]);
  const fraction = part(random, ["", ".1", ".123", ".000"], [".", ".123456789", ".9999999999999", ",5", ".1x"]);
  const zone = part(
    random,
    ["Z", "+00:00", "-08:00", "+01:30"],
    ["z", "", "+24:00", "−05:00", "+0100", "+01:60", "+1:00", " Z", "UTC"],
  );
  const join = part(random, ["T"], ["t", " ", "_", ""]);
  return JSON.stringify(`${year}-${month}-${day}${join}${hour}:${minute}:${second}${fraction}${zone}`);
};

/** The text with one JSON value put in place of another, or a field dropped, added or renamed. */
const bend = (random: Random, text: string): string => {
  if (!text.includes('"metadata"') && !random.below(4)) {
    return text.replace('"id":', `"metadata":${random.pick(values)},"id":`);
  }
  const fields = [...text.matchAll(/"([\w]+)"\s*:\s*("(?:[^"\\]|\\.)*"|[-+.\w]+|\{\}|\[\])/g)];
  if (!fields.length) return text;
  const field = random.pick(fields);
  const [whole, key, value] = field as unknown as [string, string, string];
  const put = (by: string) => text.slice(0, field.index) + by + text.slice(field.index! + whole.length);
  switch (random.below(8)) {
    case 0:
      return put(`"x${random.below(100)}":${random.pick(values)}`);
    case 1:
      return put(`"${random.pick(["\\ud800", "\\u0041", "é", "\\ud83d\\ude00", "__proto__", "toString"])}":${value}`);
    case 2:
      return put(`${whole},"new${random.below(100)}":${random.pick(values)}`);
    case 3:
      return put(`"${key.replace(/^./, (c) => "\\u00" + c.charCodeAt(0).toString(16))}" :\n\t${value}`);
    case 4:
    case 5: {
      const times = fields.filter(([, key]) => key == "updatedAt" || key == "at");
      if (!times.length) return put(`"${key}":${random.pick(values)}`);
      const [whole, name] = random.pick(times);
      return text.replace(whole, `"${name}":${time(random)}`);
    }
    default:
      return put(`"${key}":${random.pick(values)}`);
  }
};

/** The text with a few characters hit. */
const hit = (random: Random, text: string): string => {
  const at = random.below(text.length + 1);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random.below(3));
    case 1:
      return (
        text.slice(0, at) +
        random.pick([" ", "\n", "\u00a0", "\ufeff", '"', "\\", "{", "}", ",", ":", "0", "\u0001", "é", "😀"]) +
        text.slice(at)
      );
    case 2:
      return text.slice(0, at);
    default:
      return text + random.pick([" ", "\r\n", "x", "{}", "\u0000", "\v"]);
  }
};

/** The text whole, or more often bent or hit once or a few times; always well-formed Unicode, as text on a socket is. */
export const mutant = (random: Random, text: string): string => {
  for (let n = random.below(4); n > 0; n--) text = random.below(6) ? bend(random, text) : hit(random, text);
  return Buffer.from(text).toString();
};

/** A message: one of a few that say everything, or one that a fuzzer has found worth keeping. */
export const message = (random: Random, found: readonly string[]): string =>
  mutant(random, random.below(3) ? random.pick(base) : random.pick(found));

const payloads = [
  '{"transferRequestId":"transfer-123","merchantId":"corner-coffee","expiry":1732320000}',
  '{"transferRequestId":"transfer-123","merchantId":"Zażółć \\u0107 😀","expiry":1732320000.9}',
  '{"expiry":1732320900,"merchantId":"","sub":[{"a":1}],"transferRequestId":"transfer-124"}',
];

/** What a key holder may have signed for one who watches: a payload that says everything, or nearly one. */
export const payload = (random: Random, found: readonly string[]): string =>
  mutant(random, random.below(4) ? random.pick(payloads) : random.pick(found));

/** The payload in base64, as there are several spellings of it. */
export const encoded = (random: Random, payload: string): string => {
  const text = Buffer.from(payload).toString("base64");
  switch (random.below(12)) {
    case 0:
      return text.replace(/=+$/, "");
    case 1:
      return text.replaceAll("+", "-").replaceAll("/", "_");
    case 2:
      return text.replaceAll("+", " ");
    case 3:
      return text + random.pick(["=", "==", " ", "A", "\t", "."]);
    case 4:
      return text.replace(/=$/, "");
    case 5:
      // Bits that are none of any byte's.
      return text.replace(
        /.(=+)$/,
        (_, end: string) => random.pick([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123+/"]) + end,
      );
    case 6:
      return Buffer.from(random.pick(["\ufeff", "\u00a0", " \n", "\0"]) + payload).toString("base64");
    case 7:
      return hit(random, text);
    default:
      return text;
  }
};

/** The MAC in base64url as it is to be, or in another spelling, or another one. */
export const spelled = (random: Random, mac: Buffer): string => {
  const text = mac.toString("base64url");
  switch (random.below(16)) {
    case 0:
      return mac.toString("hex");
    case 1:
      return mac.toString("base64");
    case 2:
      return text.slice(0, -1) + random.pick([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123-_"]);
    case 3:
      return hit(random, text);
    case 4:
      return mac.fill(random.below(256), 0, 1).toString("base64url");
    default:
      return text;
  }
};

/** Names of merchants, some of which cannot be. */
export const merchant = (random: Random): string => {
  const some = [
    "corner-coffee",
    "é😀",
    'a"b\\c/\u0001\u007f\u2028',
    "",
    "\b\f\n\r\t",
    "x".repeat(128),
    "😀".repeat(129),
  ];
  return mutant(random, random.pick(some));
};
