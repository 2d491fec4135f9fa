/**
 * One page of a browser: its tasks, which wait while it is busy or frozen and are gone when it is, and its timers as
 * Chromium runs them: once a second while the page is hidden, once a minute when it has been so for five.
 *
 * Tasks of one source keep their order; those of several come in any when a page goes on after a while.
 */
import type { Moment } from "./time.ts";
import type { Stage } from "./stage.ts";

const INTENSIVE_AFTER_MS = 5 * 60_000;

export interface Timer {
  due: number;
  run: () => void;
  moment: Moment | undefined;
}

export class Page {
  readonly name: string;
  readonly window = new EventTarget();
  readonly document: EventTarget & { hidden: boolean };
  readonly connection = Object.assign(new EventTarget(), { type: "wifi" });
  isGone = false;
  isFrozen = false;
  /** It crashed with words on its lips. */
  isMuted = false;
  /** Its last stall, freeze or throttle ended then. */
  disturbedAt = Number.NEGATIVE_INFINITY;
  readonly #stage: Stage;
  readonly #timers = new Set<Timer>();
  #hiddenSince: number | undefined;
  #isStalled = false;
  #waiting: { source: unknown; run: () => void }[] = [];
  #isDraining = false;

  constructor(stage: Stage, name: string, isHidden: boolean) {
    this.#stage = stage;
    this.name = name;
    this.document = Object.assign(new EventTarget(), { hidden: isHidden });
    if (isHidden) this.#hiddenSince = stage.time.now;
  }

  get isRunning(): boolean {
    return !this.isGone && !this.isFrozen && !this.#isStalled;
  }

  /** Runs its tasks as they come, and all its timers in time. */
  get isUndisturbed(): boolean {
    return this.isRunning && !this.document.hidden && this.#stage.time.now - this.disturbedAt > 60_000;
  }

  /** A task of its own, as soon as the page runs. */
  task(source: unknown, run: () => void): void {
    if (this.isGone) return;
    if (this.isRunning && !this.#isDraining) this.#run(run);
    else this.#waiting.push({ source, run });
  }

  /** An event of the browser's. */
  dispatch(target: EventTarget, type: string): void {
    this.task(target, () => target.dispatchEvent(new Event(type)));
  }

  /** Takes a timer up. */
  start(timer: Timer): void {
    this.#timers.add(timer);
    this.#arm(timer);
  }

  clear(timer: Timer): void {
    this.#timers.delete(timer);
    if (timer.moment) timer.moment.run = undefined;
  }

  /** The machine has slept, and its timers with it. */
  postpone(ms: number): void {
    for (const timer of this.#timers) {
      if (timer.moment) timer.moment.run = undefined;
      timer.due += ms;
      this.#arm(timer);
    }
  }

  /** Shown or hidden: timers go by another rule from now on. */
  show(isShown: boolean): void {
    if (this.isGone || this.document.hidden != isShown) return;
    this.document.hidden = !isShown;
    this.#hiddenSince = isShown ? undefined : this.#stage.time.now;
    this.disturbedAt = this.#stage.time.now;
    for (const timer of this.#timers) {
      if (timer.moment) timer.moment.run = undefined;
      this.#arm(timer);
    }
    this.dispatch(this.document, "visibilitychange");
  }

  /** Nothing runs until `go`. */
  halt(isFrozen: boolean): void {
    if (isFrozen) this.isFrozen = true;
    else this.#isStalled = true;
  }

  go(wasFrozen: boolean): void {
    if (wasFrozen) this.isFrozen = false;
    else this.#isStalled = false;
    this.disturbedAt = this.#stage.time.now;
    if (this.isRunning && !this.#isDraining) this.#drain();
  }

  /** The page is no more. */
  vanish(isMuted: boolean): void {
    this.isGone = true;
    this.isMuted = isMuted;
    this.#waiting = [];
    for (const timer of this.#timers) this.clear(timer);
  }

  #run(run: () => void): void {
    this.#stage.judge.ran = true;
    try {
      run();
    } catch (error) {
      this.#stage.judge.threw(this.name, error);
    }
  }

  /** One of what has waited, and the next one after it. */
  #drain(): void {
    if (!this.isRunning || !this.#waiting.length) {
      this.#isDraining = false;
      return;
    }
    this.#isDraining = true;
    const { source } = this.#stage.random.pick(this.#waiting);
    const place = this.#waiting.findIndex((one) => one.source == source);
    const [next] = this.#waiting.splice(place, 1);
    this.#run(next!.run);
    this.#stage.time.in(0, () => this.#drain());
  }

  #arm(timer: Timer): void {
    const { time, random } = this.#stage;
    const at = this.#gate(Math.max(timer.due, time.now));
    // A busy page is late by a little.
    timer.moment = time.at(at + (random.below(8) ? 0 : random.below(15)), () => {
      timer.moment = undefined;
      this.task(this.#timers, () => {
        if (this.#timers.delete(timer)) timer.run();
      });
    });
  }

  /** When a timer of a page that is hidden may run. */
  #gate(at: number): number {
    const since = this.#hiddenSince;
    if (since == null) return at;
    const step = at - since > INTENSIVE_AFTER_MS ? 60_000 : 1_000;
    return since + Math.ceil((at - since) / step) * step;
  }
}
