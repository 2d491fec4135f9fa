/**
 * Holds every step of a world against PROTOCOL.md's sentences. It sees what the page's user, the service and the browser
 * see, and knows nothing of how tabs share.
 */
import type { Link } from "./network.ts";
import * as rules from "./rules.ts";
import { isFinal } from "./service.ts";
import type { Stage } from "./stage.ts";
import type { Watcher } from "./watcher.ts";

/** Attempts of one client in any minute; a mean of ten, and so many by a chance of less than one in a million. */
const MOST_A_MINUTE = 36;
/** Polls a minute, with every answer. */
const MOST_POLLS = 48;
/** A hint, and a link that held and was lost, may begin the row anew. */
const MORE_EACH = 6;
/** Silence, the pong's deadline, and what the timers' slices and a clock that stepped back may add. */
const HONEST_MS = 50_000;

export interface Violation {
  rule: string;
  detail: string;
  at: number;
}

interface State {
  life: number;
  version: number;
  status: string;
}

const words = ({ life, version, status }: State): string => `${life}.${version} ${status}`;
/** What a transfer says before anybody has reported it. */
const announced = (life: number): State => ({ life, version: 0, status: "pending" });

/** What is known of a watcher beside what it shows. */
class Facts {
  readonly dials: number[] = [];
  readonly polls: number[] = [];
  readonly anew: number[] = [];
  errors = 0;
  keptAwayUntil = 0;
}

export class Judge {
  /** Code of a page has run: its microtasks are due. */
  ran = false;
  violation: Violation | undefined;
  /** From then on all has been calm for long. */
  settledAt = Number.POSITIVE_INFINITY;
  /** The machine's clock has jumped: a wait that was under way may begin anew. */
  clockSteppedAt = Number.NEGATIVE_INFINITY;
  readonly watchers = new Set<Watcher>();
  readonly #stage: Stage;
  readonly #facts = new Map<Watcher, Facts>();
  readonly #said: Set<string>[];
  readonly #deleted = new Set<number>();
  /** When the service was last heard on any link of a payment. */
  readonly #heardAt: number[];
  /** Who ended since the last look. */
  #ended: Watcher[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#said = stage.plan.payments.map(() => new Set([words(announced(0))]));
    this.#heardAt = stage.plan.payments.map(() => 0);
  }

  violate(rule: string, detail: string): void {
    this.#stage.tell(`VIOLATION: ${rule}: ${detail}`);
    this.violation ??= { rule, detail, at: this.#stage.time.now };
  }

  threw(who: string, error: unknown): void {
    this.violate(rules.NO_THROW, `${who}: ${error instanceof Error ? error.stack : error}`);
  }

  /** The service has taken this. */
  reported(payment: number, state: State): void {
    this.#said[payment]!.add(words(state));
    this.#stage.tell(`payment ${payment} is ${words(state)}`);
  }

  deleted(payment: number, { life }: State): void {
    this.#deleted.add(payment);
    this.#said[payment]!.add(words(announced(life)));
    this.#stage.tell(`payment ${payment} is deleted`);
  }

  wasDeleted(payment: number): boolean {
    return this.#deleted.has(payment);
  }

  shown(watcher: Watcher, transfer: { message?: string | null; version?: number | null; status: string }): void {
    const before = watcher.shown;
    const state = { life: Number(transfer.message?.slice(5)), version: transfer.version!, status: transfer.status };
    watcher.shown = state;
    const told = `${watcher.name} shows ${words(state)}`;
    this.#stage.tell(told);
    if (watcher.plan.isForged) this.violate(rules.PROVEN, told);
    if (!this.#said[watcher.payment]!.has(words(state))) this.violate(rules.SENT, told);
    // After version 0 all is news: nothing was reported, at a time that is made up.
    if (!before || (!before.version && state.version)) return;
    const isLater = state.life > before.life || (state.life == before.life && state.version > before.version);
    if (!isLater || !state.version || isFinal(before.status))
      this.violate(rules.ONCE, `${told} after ${words(before)}`);
  }

  connected(watcher: Watcher, connection: string, isShared: boolean): void {
    const { now } = this.#stage.time;
    this.#stage.tell(`${watcher.name} is ${connection}${isShared ? ", by another" : ""}`);
    if (watcher.connection == "live") {
      this.#of(watcher).anew.push(now);
      const { lifetime } = this.#stage.plan.payments[watcher.payment]!;
      if (connection != "closed" && lifetime > 10 * 60_000 && this.#isCalm && watcher.page.isUndisturbed)
        this.violate(rules.STAYS, `${watcher.name} is ${connection}`);
    }
    if (connection == "live" && watcher.connection != "live") watcher.liveSince = now;
    watcher.connection = connection;
    watcher.isShared = isShared;
  }

  /** A hint, or the like: its next attempt need not wait. */
  hinted(watcher: Watcher): void {
    this.#of(watcher).anew.push(this.#stage.time.now);
  }

  noticed(watcher: Watcher): void {
    if (--this.#of(watcher).errors < 0)
      this.violate(rules.OWN_ERRORS, `${watcher.name} is told what was said to another`);
  }

  closed(watcher: Watcher, error: unknown): void {
    watcher.isOver = true;
    this.#ended.push(watcher);
    const { closeCode, code } = (error ?? {}) as { closeCode?: number; code?: string };
    this.#stage.tell(`${watcher.name} is over: ${error ? `${code} ${closeCode}` : "well"}`);
    const { isForged, canRefresh } = watcher.plan;
    const may =
      watcher.isStopped ||
      (!error && isFinal(watcher.shown?.status ?? "")) ||
      (closeCode == 4404 && this.#deleted.has(watcher.payment)) ||
      (closeCode == 4401 && isForged) ||
      (closeCode == 4410 && !canRefresh && Number(watcher.signature.split("|")[1]) < this.#stage.time.now);
    if (!may) this.violate(rules.STOPS, `${watcher.name} stopped: ${code} ${closeCode}`);
  }

  dialled(watcher: Watcher, link: Link): void {
    const { now } = this.#stage.time;
    const facts = this.#of(watcher);
    this.#stage.tell(`${watcher.name} dials with ${link.signature}`);
    facts.dials.push(now);
    this.#bounded(watcher, "dials", facts.dials, MOST_A_MINUTE);
    if (now < facts.keptAwayUntil) this.violate(rules.KEPT_AWAY, `${watcher.name} dials`);
    this.#calm(watcher, "dials");
  }

  polled(watcher: Watcher): void {
    const { polls } = this.#of(watcher);
    this.#stage.tell(`${watcher.name} polls`);
    polls.push(this.#stage.time.now);
    this.#bounded(watcher, "polls", polls, MOST_POLLS);
    this.#calm(watcher, "polls");
  }

  pinged(watcher: Watcher): void {
    this.#stage.tell(`${watcher.name} pings`);
  }

  /** A frame, or a close code, has come over the own socket. */
  heard(watcher: Watcher, word: string | number): void {
    const { now } = this.#stage.time;
    this.#stage.tell(`${watcher.name} hears ${word}`);
    this.#heardAt[watcher.payment] = now;
    if (typeof word == "string" && word.startsWith('{"type":"error"')) this.#of(watcher).errors++;
    if (word == 4429) this.#of(watcher).keptAwayUntil = now + 10_000;
    // Whoever shares a socket owes all of this as if it were its own.
    const guests = this.#guestsOf(watcher);
    if (word == 4429) for (const guest of guests) this.#of(guest).keptAwayUntil = now + 9_500;
    if (word == 4404)
      this.#stage.time.in(1_000, () => {
        for (const guest of guests)
          if (!guest.isOver && guest.page.isUndisturbed)
            this.violate(rules.STOPS, `${guest.name} goes on after 4404 for ${watcher.name}`);
      });
  }

  /** The page is frozen now. */
  frozen(watcher: Watcher): void {
    const held = watcher.held.words(this.#stage.time.now);
    if (held) this.violate(rules.RESTS, `${watcher.name} is frozen with ${held}`);
  }

  /** After the microtasks of what has run. */
  look(): void {
    for (const watcher of this.#ended) {
      const held = watcher.held.words(this.#stage.time.now);
      if (held) this.violate(rules.CLEAN, `${watcher.name} is over and has ${held}`);
    }
    this.#ended = [];
  }

  /** Every few seconds. */
  tick(): void {
    const { now } = this.#stage.time;
    if (now - this.clockSteppedAt < 2 * HONEST_MS) return;
    for (const watcher of this.watchers) {
      if (watcher.connection != "live" || watcher.isOver || !watcher.page.isUndisturbed) continue;
      const heard = Math.max(this.#heardAt[watcher.payment]!, watcher.liveSince);
      if (now - heard > HONEST_MS)
        this.violate(rules.HONEST, `${watcher.name} is live, and heard nobody for ${now - heard} ms`);
    }
  }

  /** For long; where tabs cannot hear each other one may rob another all the same. */
  get #isCalm(): boolean {
    return this.#stage.time.now > this.settledAt && this.#stage.plan.means != "channels deaf";
  }

  /** Who follows this one, for certain: nobody else has a socket. */
  #guestsOf(watcher: Watcher): Watcher[] {
    const group = [...this.watchers].filter((other) => other != watcher && other.group == watcher.group);
    if (group.some(({ held }) => held.sockets.size)) return [];
    return group.filter(({ isShared, connection, page }) => isShared && connection == "live" && page.isUndisturbed);
  }

  #of(watcher: Watcher): Facts {
    const facts = this.#facts.get(watcher) ?? new Facts();
    this.#facts.set(watcher, facts);
    return facts;
  }

  #bounded(watcher: Watcher, what: string, times: number[], most: number): void {
    const { now } = this.#stage.time;
    const count = times.length - times.findIndex((at) => at >= now - 60_000);
    if (count <= most) return;
    const anew = this.#of(watcher).anew.filter((at) => at >= now - 120_000).length;
    if (count > most + MORE_EACH * anew)
      this.violate(rules.BACKOFF, `${watcher.name} ${what} ${count} times in a minute`);
  }

  /** Nobody who is live does that when all has been calm for long. */
  #calm(watcher: Watcher, what: string): void {
    if (this.#isCalm && watcher.connection == "live") this.violate(rules.NEEDLESS, `${watcher.name} ${what}`);
  }
}
