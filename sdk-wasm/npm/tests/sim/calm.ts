/**
 * The end of a world: nothing goes wrong any more, for as long as a client may take to find out. Then news comes, and a
 * tab more; at the end the last word on each payment. What every tab owes by now is judged.
 */
import type { Origin } from "./origin.ts";
import { lastWord } from "./plan.ts";
import * as rules from "./rules.ts";
import { isFinal } from "./service.ts";
import type { Stage } from "./stage.ts";
import type { Watcher } from "./watcher.ts";

/** A dead link is found, and the longest backoff over; a minute more. */
const SETTLED_MS = 3 * 60_000;
/** The same with timers that run once a minute. */
const SETTLED_HIDDEN_MS = 11 * 60_000;
/**
 * Where more is to do than to hear the news: some steps, and timers that run once a minute. Where no word arrives, a tab
 * that takes the lock waits for an answer first, and who was robbed does so again.
 */
const SLOW_MS = 5 * 60_000;
/** Where only polls get through: the first of them after three attempts, one with an old signature, a pause. */
const POLLED_MS = 75_000;

/** Plans the end; the world is over at the moment that is returned. */
export const calm = (stage: Stage, origin: Origin, from: number): number => {
  const { time, judge, random, plan } = stage;
  const payments = [...plan.payments.keys()];
  const isShort = plan.payments.some(({ lifetime }) => lifetime < 2 * SETTLED_MS);

  /** Whether each tab that lives shows the newest. */
  const compare = (when: string) => {
    for (const watcher of judge.watchers) {
      if (watcher.isOver || watcher.plan.isForged || !watcher.page.isRunning) continue;
      const { life, version, status } = origin.service.record(watcher.payment);
      const words = `${watcher.name} shows ${JSON.stringify(watcher.shown)} and not ${life}.${version}, ${when}`;
      const isShown = watcher.shown?.version == version && (watcher.shown.life == life || !version);
      // Nothing more is reported of what was deleted: there is no end to show.
      if (!version && judge.wasDeleted(watcher.payment)) continue;
      if (!isShown) judge.violate(isFinal(status) ? rules.LAST : rules.AT_ONCE, words);
      else if (isFinal(status)) judge.violate(rules.LAST, `${watcher.name} goes on after ${status}`);
    }
  };
  const share = () => {
    const links = new Map<string, Set<Watcher>>();
    for (const watcher of judge.watchers) {
      const isLinked = [...watcher.held.sockets].some(({ isOpen }) => isOpen);
      if (!watcher.canShare || !watcher.page.isRunning || !isLinked) continue;
      links.set(watcher.group, (links.get(watcher.group) ?? new Set()).add(watcher));
    }
    if (plan.means != "locks and channels") return;
    for (const [group, { size }] of links) if (size > 1) judge.violate(rules.ONE_LINK, `${size} links: ${group}`);
  };
  const report = (status: () => "processing" | ReturnType<typeof lastWord>) => {
    for (const payment of payments) origin.service.update(payment, status());
  };

  time.at(from, () => {
    stage.tell("--- calm");
    const isHidden = origin.living.some(({ page }) => page.document.hidden);
    const settled = from + (isHidden ? SETTLED_HIDDEN_MS : SETTLED_MS);
    const isSlow = plan.means == "channels deaf" || (isHidden && (isShort || plan.isSocketless));
    // A signature may have to be refreshed first.
    const soon = plan.isSocketless ? POLLED_MS : 3_000 + 12 * plan.latency + plan.channelDelay;
    const seen = isSlow ? SLOW_MS : soon;
    const at = (ms: number, run: () => void) => time.at(settled + ms, run);
    at(-60_000, () => {
      stage.tell("--- calm for long");
      judge.settledAt = time.now;
      // One that has no socket of its own is frozen for a moment: nobody else is to notice.
      const isGuest = ({ isShared, isOver, page }: Watcher) => isShared && !isOver && page.isUndisturbed;
      const guest = origin.living.find(({ watchers }) => watchers.length && watchers.every(isGuest));
      if (guest) origin.freeze(guest, random.below(2) == 0, 5_000);
    });
    at(0, () => {
      stage.tell("--- settled");
      compare("all settled");
      share();
      report(() => "processing");
    });
    at(seen, () => {
      compare("after an update");
      origin.open({ at: time.now, kind: "shares", isHidden: false, payments, isForged: false, canRefresh: true });
    });
    at(10_000 + 2 * seen, () => {
      compare("a new tab too");
      share();
      report(() => "processing");
    });
    at(10_000 + 3 * seen, () => {
      compare("after another update");
      report(() => lastWord(random));
    });
    at(12_000 + 4 * seen, () => compare("at the end"));
    // Whatever is left goes on to the end, too.
    at(12_000 + 4 * seen + 1, () => {
      judge.settledAt = Number.POSITIVE_INFINITY;
      for (const { page } of origin.living) if (!page.isRunning) page.go(false);
    });
    at(32_000 + 4 * seen + SLOW_MS, () => {
      compare("at last");
      for (const { page, watchers } of origin.living)
        page.task(page, () => {
          for (const watcher of watchers) {
            watcher.isStopped = true;
            watcher.watch.close();
          }
        });
    });
    at(37_000 + 4 * seen + SLOW_MS, () => {
      if (origin.channels.open) judge.violate(rules.CLEAN, `${origin.channels.open} channels are open`);
      if (origin.locks.open) judge.violate(rules.CLEAN, `${origin.locks.open} locks are held or asked for`);
      for (const { held, name } of judge.watchers) {
        const words = held.words(time.now, 0);
        if (words) judge.violate(rules.CLEAN, `${name} has ${words}`);
      }
    });
  });
  return from + SETTLED_HIDDEN_MS + 6 * SLOW_MS;
};
