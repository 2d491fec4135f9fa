/**
 * The service as PROTOCOL.md's sentences have it, as far as a page meets it: statuses that are whole transfers, versions
 * from 1, close codes, signatures that expire, a transfer that is deleted and begun anew.
 */
import type { Link, Network } from "./network.ts";
import type { Update } from "./plan.ts";
import { START, type Stage } from "./stage.ts";

/** An answer to a poll. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

interface Record_ {
  /** Counts deletions: versions begin anew with each. */
  life: number;
  version: number;
  status: Update["status"];
  updatedAt: number;
}

/** What a signature holds; a forged one is none of the service's. */
export const signatureOf = (payment: number, expiry: number, word: string): string => `${payment}|${expiry}|${word}`;
export const FORGED = "forged";

export const isFinal = (status: string): boolean => /^(completed|failed|cancelled)$/.test(status);
export const idOf = (payment: number): string => `payment-${payment}`;

export class Service {
  readonly #stage: Stage;
  readonly #network: Network;
  readonly #records: Record_[];
  readonly #links = new Set<Link>();
  downUntil = 0;
  busyUntil = 0;

  constructor(stage: Stage, network: Network) {
    this.#stage = stage;
    this.#network = network;
    this.#records = stage.plan.payments.map(() => ({ life: 0, version: 0, status: "pending", updatedAt: 0 }));
  }

  /** Sockets that it takes for open. */
  get open(): number {
    return this.#links.size;
  }

  record(payment: number): Readonly<Record_> {
    return this.#records[payment]!;
  }

  /** An upgrade has arrived. */
  accept(link: Link): void {
    const { time, random } = this.#stage;
    if (!this.#network.links.has(link)) return;
    if (time.now < this.downUntil) {
      if (random.below(2)) this.#network.down(link, () => this.#network.lose(link));
      else link.isDead = true;
      return;
    }
    this.#links.add(link);
    this.#network.down(link, () => link.client.opened());
    if (time.now < this.busyUntil) {
      const code = random.pick([1013, 4429, 1011]);
      this.#refuse(link, code == 4429 ? "rate_limited" : "unavailable", code);
      return;
    }
    if (!this.#mayRead(link)) return;
    this.#tell(link);
    const left = Number(link.signature.split("|")[1]) - time.now;
    // In the middle of a connection this comes within 60 s of the expiry.
    if (left < 3_600_000) time.in(left + random.below(60_000), () => this.#links.has(link) && this.#mayRead(link));
  }

  /** A frame has arrived. */
  hear(link: Link, text: string): void {
    if (!this.#links.has(link)) return;
    if (text == '{"type":"ping"}') this.#send(link, '{"type":"pong"}');
    else if (text != '{"type":"pong"}') this.#refuse(link, "bad_request", 4400);
  }

  left(link: Link): void {
    this.#links.delete(link);
  }

  /** `GET /transfer/{id}`. */
  get(payment: number, authorization: string, known: string | undefined): Answer | undefined {
    const { time, random } = this.#stage;
    if (time.now < this.downUntil) {
      if (random.below(2)) return undefined;
      return { status: 503, headers: { "retry-after": String(1 + random.below(15)) }, body: "<h1>down</h1>" };
    }
    const refusal = this.#refusalOf(payment, authorization.replace(/^Bearer /, ""));
    if (refusal) return { status: 401, body: error(refusal) };
    const { version } = this.record(payment);
    if (known == `"${version}"`) return { status: 304 };
    return { status: 200, headers: { etag: `"${version}"` }, body: JSON.stringify(this.#transfer(payment)) };
  }

  /** A backend reports. */
  update(payment: number, status: Update["status"]): void {
    const record = this.#records[payment]!;
    const { time, judge } = this.#stage;
    if (isFinal(record.status) || (record.status == "processing" && status == "pending")) return;
    record.version++;
    record.status = status;
    record.updatedAt = Math.max(record.updatedAt + 1, START + time.now);
    judge.reported(payment, record);
    for (const link of this.#linksOf(payment)) if (this.#mayRead(link)) this.#tell(link);
  }

  /** The admin deletes it; the id is free. */
  remove(payment: number): void {
    const before = this.record(payment);
    if (!before.version) return;
    this.#records[payment] = { ...before, life: before.life + 1, version: 0, status: "pending" };
    this.#stage.judge.deleted(payment, this.record(payment));
    for (const link of this.#linksOf(payment)) this.#refuse(link, "not_found", 4404);
  }

  /** A deploy: every socket goes, each in one of three ways, and for a while nothing answers. */
  restart(ms: number): void {
    const { time, random } = this.#stage;
    this.downUntil = time.now + ms;
    for (const link of [...this.#links]) {
      const way = random.below(3);
      if (way == 2) this.#close(link, 1012);
      else this.#network.cut(link, way == 1);
    }
  }

  /** It says something that passes to the links of a payment. */
  notice(payment: number): void {
    for (const link of this.#linksOf(payment)) this.#send(link, error("unavailable"));
  }

  #linksOf(payment: number): Link[] {
    return [...this.#links].filter((link) => link.payment == payment);
  }

  #transfer(payment: number): object {
    const { life, version, status, updatedAt } = this.record(payment);
    // Of what nobody has reported the time is that of the look.
    const at = version ? updatedAt : START + this.#stage.time.now;
    return { id: idOf(payment), status, version, message: `life ${life}`, updatedAt: new Date(at).toISOString() };
  }

  /** Says the status, and ends after a final one. */
  #tell(link: Link): void {
    this.#send(link, JSON.stringify({ type: "status", transfer: this.#transfer(link.payment) }));
    if (isFinal(this.record(link.payment).status)) this.#close(link, 1000);
  }

  #refusalOf(payment: number, signature: string): "unauthorized" | "expired" | undefined {
    const [of, expiry, word] = signature.split("|");
    if (word == FORGED || of != String(payment)) return "unauthorized";
    return this.#stage.time.now > Number(expiry) ? "expired" : undefined;
  }

  #mayRead(link: Link): boolean {
    const refusal = this.#refusalOf(link.payment, link.signature);
    if (refusal) this.#refuse(link, refusal, refusal == "expired" ? 4410 : 4401);
    return !refusal;
  }

  #refuse(link: Link, code: string, close: number): void {
    this.#send(link, error(code));
    this.#close(link, close);
  }

  #send(link: Link, text: string): void {
    this.#network.down(link, () => link.client.message(text));
  }

  #close(link: Link, code: number): void {
    this.#links.delete(link);
    this.#network.down(link, () => this.#network.lose(link, code));
  }
}

const error = (code: string): string => JSON.stringify({ type: "error", code, message: `the service says ${code}` });
