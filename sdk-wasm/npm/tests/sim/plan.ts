/** What happens in a world: a pure function of its seed, as lists, so that a part of it can be left out. */
import { Random } from "../unit/support/mutate.ts";

/** A tab among those of its origin. */
export type Kind =
  | "shares"
  /** With a version of the package that speaks another language on the channel. */
  | "next-version"
  /** Told not to share. */
  | "alone"
  /** A frame with an origin of its own: locks are refused, and its channel is nobody else's. */
  | "sandboxed";

/** What a browser has to share with: the same in all tabs of an origin. */
export type Means =
  | "locks and channels"
  /** An old browser. */
  | "no locks"
  /** Storage is blocked: either cannot be had. */
  | "locks refused"
  | "channels refused"
  /** Locks work and no word arrives anywhere. */
  | "channels deaf";

export interface TabPlan {
  at: number;
  kind: Kind;
  isHidden: boolean;
  /** Which payments it watches; one may be watched twice in a page. */
  payments: number[];
  /** Its signature is none of the service's. */
  isForged: boolean;
  canRefresh: boolean;
}

export interface Update {
  at: number;
  status: "pending" | "processing" | "completed" | "failed" | "cancelled";
}

export interface Payment {
  updates: Update[];
  /** The record is deleted then; updates after it begin another one. */
  deletedAt: number | undefined;
  /** How long its signatures are good for. */
  lifetime: number;
  /** The shop hands the same signature to every tab for as long as it is good. */
  isHandedOut: boolean;
}

/** What goes wrong. */
export type What =
  // The machine's network, for a while.
  | "hang"
  | "offline"
  | "slow"
  | "portal"
  | "no-upgrades"
  // The links of a tab, or the service.
  | "reset"
  | "half-open"
  | "restart"
  | "busy"
  | "notice"
  // The machine.
  | "sleep"
  | "clock"
  | "rumour"
  | "other-network"
  // A tab.
  | "hide"
  | "stall"
  | "freeze"
  | "back-forward"
  | "discard"
  | "reload"
  | "close"
  | "crash"
  | "stop"
  | "open";

export interface Strike {
  at: number;
  what: What;
  /** Of the tabs that are there, counted round. */
  tab: number;
  /** How long it lasts; for a clock, how far it jumps. */
  ms: number;
}

export interface Plan {
  /** What is not planned is drawn from it as the world goes. */
  seed: number;
  /** Until then all may go wrong. */
  span: number;
  /** The longest that a packet, a word on the channel and one to the lock manager take. */
  latency: number;
  channelDelay: number;
  lockDelay: number;
  means: Means;
  /** No socket gets through at all: a proxy of a company. */
  isSocketless: boolean;
  /** The last tab that stalls goes on to do so. */
  staysStalled: boolean;
  payments: Payment[];
  tabs: TabPlan[];
  strikes: Strike[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const rareKinds: Kind[] = ["next-version", "alone", "sandboxed"];
const rareMeans: Means[] = ["no locks", "locks refused", "channels refused", "channels deaf"];
const ends = ["completed", "failed", "cancelled"] as const;

/** Each with the longest that it lasts. */
const machine: [What, number][] = [
  ["hang", 2 * MINUTE],
  ["hang", 20_000],
  ["offline", MINUTE],
  ["slow", MINUTE],
  ["portal", 30_000],
  ["no-upgrades", MINUTE],
  ["restart", 20_000],
  ["busy", 30_000],
  ["notice", 0],
  ["sleep", HOUR],
  ["clock", HOUR],
  ["rumour", 0],
  ["other-network", 0],
];
const single: [What, number][] = [
  ["reset", 0],
  ["reset", 0],
  ["half-open", 0],
  ["half-open", 0],
  ["hide", 10 * MINUTE],
  ["hide", MINUTE],
  ["stall", 2 * MINUTE],
  ["stall", 3_000],
  ["freeze", HOUR],
  ["freeze", MINUTE],
  ["back-forward", 2 * MINUTE],
  ["discard", MINUTE],
  ["reload", 0],
  ["close", 0],
  ["crash", 0],
  ["stop", 0],
  ["open", 0],
];

const drawPayment = (random: Random, span: number): Payment => {
  const updates: Update[] = [];
  // One in three ends while all goes wrong; of the others the end is for the calm.
  const isEarly = random.below(3) == 0;
  const isMoving = random.below(4);
  let at = 0;
  for (let n = random.below(5); n > 0; n--) {
    at += random.below(span / 3);
    if (at >= span) break;
    updates.push({ at, status: updates.length < isMoving ? "pending" : "processing" });
  }
  if (isEarly) updates.push({ at: random.below(span), status: random.pick(ends) });
  updates.sort((a, b) => a.at - b.at);
  return {
    updates: updates.slice(
      0,
      updates.findIndex(({ status }) => (ends as readonly string[]).includes(status)) + 1 || undefined,
    ),
    deletedAt: random.below(10) ? undefined : random.below(span),
    lifetime: random.below(4) ? 24 * HOUR : 30_000 + random.below(4 * MINUTE),
    isHandedOut: random.below(6) > 0,
  };
};

export const drawTab = (random: Random, at: number, payments: number): TabPlan => ({
  at,
  kind: random.below(6) ? "shares" : random.pick(rareKinds),
  isHidden: random.below(6) == 0,
  payments: Array.from({ length: random.below(4) ? 1 : 2 }, () => random.below(payments)),
  isForged: random.below(20) == 0,
  canRefresh: random.below(4) > 0,
});

/** The world of this seed. */
export const planOf = (seed: number): Plan => {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ 0x7ab5);
  const span = random.pick([20_000, MINUTE, 3 * MINUTE, 8 * MINUTE]);
  const count = random.below(3) ? 1 : 2;
  const payments = Array.from({ length: count }, () => drawPayment(random, span));
  const early = random.below(2) == 0 ? 1_000 : span;
  const tabs = Array.from({ length: 1 + random.below(5) }, () => drawTab(random, random.below(early), count));
  const strikes: Strike[] = [];
  for (let n = random.below(8); n > 0; n--) {
    const [what, most] = random.pick(random.below(3) ? single : machine);
    const ms = random.below(most + 1);
    strikes.push({
      at: random.below(span),
      what,
      tab: random.below(60),
      ms: what == "clock" && random.below(2) ? -ms : ms,
    });
  }
  strikes.sort((a, b) => a.at - b.at);
  return {
    seed,
    span,
    latency: random.pick([5, 40, 150, 400]),
    channelDelay: random.pick([2, 2, 20, 150]),
    lockDelay: random.pick([2, 2, 20, 150]),
    means: random.below(10) ? "locks and channels" : random.pick(rareMeans),
    isSocketless: random.below(30) == 0,
    staysStalled: random.below(6) == 0,
    payments,
    tabs,
    strikes,
  };
};

/** The last word on each payment, whatever was reported before. */
export const lastWord = (random: Random): Update["status"] => random.pick(ends);
