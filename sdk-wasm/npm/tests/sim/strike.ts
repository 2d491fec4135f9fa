/** What goes wrong in a world, each as it strikes. */
import type { Origin, Tab } from "./origin.ts";
import { type Strike, drawTab } from "./plan.ts";

/** Lets it strike. A tab that is in no state for it is spared. */
export const strike = (origin: Origin, { what, tab: nth, ms }: Strike, isLastStall: boolean): void => {
  const { stage, network, service } = origin;
  const { time, random } = stage;
  const { living } = origin;
  const tab = living[nth % (living.length || 1)];
  const until = time.now + ms;
  stage.tell(`--- ${what} ${ms} ms, ${tab?.page.name}`);

  const everyTab = (type: string) => {
    for (const one of living) origin.hint(one, one.page.window, type);
  };
  const cutAll = (share: number) => {
    for (const link of network.links) if (random.below(10) < share) network.cut(link, random.below(3) > 0);
  };
  const once = (run: (tab: Tab) => void) => {
    if (tab?.page.isRunning) run(tab);
  };

  switch (what) {
    case "hang":
      network.hangsUntil = Math.max(network.hangsUntil, until);
      for (const link of network.links) if (random.below(10) < 6) network.cut(link, true);
      break;
    case "offline":
      network.offlineUntil = Math.max(network.offlineUntil, until);
      cutAll(10);
      if (random.below(3)) everyTab("offline");
      if (random.below(3)) time.at(until, () => everyTab("online"));
      break;
    case "slow":
      network.slowUntil = Math.max(network.slowUntil, until);
      break;
    case "portal":
      network.portalUntil = Math.max(network.portalUntil, until);
      cutAll(10);
      break;
    case "no-upgrades":
      network.noUpgradesUntil = Math.max(network.noUpgradesUntil, until);
      cutAll(5);
      break;
    case "reset":
    case "half-open":
      for (const link of network.links) if (link.page == tab?.page) network.cut(link, what == "half-open");
      break;
    case "restart":
      service.restart(ms);
      break;
    case "busy":
      service.busyUntil = Math.max(service.busyUntil, until);
      break;
    case "notice":
      for (const payment of stage.plan.payments.keys()) service.notice(payment);
      break;
    case "sleep":
      if (time.now < origin.asleepUntil) break;
      origin.asleepUntil = until;
      // It finds its links dead, and the network some moments after it wakes.
      network.offlineUntil = Math.max(network.offlineUntil, until + random.below(3_000));
      cutAll(10);
      for (const one of living) {
        if (!one.page.isRunning) continue;
        stall(origin, one, ms);
        // Whether timers count sleep is the system's affair.
        if (random.below(2)) one.page.postpone(ms);
      }
      break;
    case "clock":
      origin.clockOff += ms;
      stage.judge.clockSteppedAt = time.now;
      break;
    case "rumour":
      everyTab(random.pick(["online", "offline"]));
      break;
    case "other-network":
      cutAll(5);
      for (const one of living) {
        one.page.connection.type = one.page.connection.type == "wifi" ? "cellular" : "wifi";
        origin.hint(one, one.page.connection, "change");
      }
      break;
    case "hide":
      once((tab) => {
        origin.show(tab, false);
        time.in(ms, () => origin.show(tab, true));
      });
      break;
    case "stall":
      once((tab) => (isLastStall ? tab.page.halt(false) : stall(origin, tab, ms)));
      break;
    case "freeze":
    case "back-forward":
      once((tab) => origin.freeze(tab, what == "back-forward", ms));
      break;
    case "discard":
      if (tab) origin.kill(tab, false);
      if (tab) time.in(ms, () => origin.open({ ...tab.plan, isHidden: false }));
      break;
    case "reload":
    case "close":
      once((tab) => origin.close(tab, what == "reload"));
      break;
    case "crash":
      if (tab) origin.kill(tab, true);
      break;
    case "stop":
      once(({ page, watchers }) =>
        page.task(page, () => {
          for (const watcher of watchers.slice(0, 1)) {
            watcher.isStopped = true;
            watcher.watch.close();
          }
        }),
      );
      break;
    case "open":
      origin.open(drawTab(random, time.now, stage.plan.payments.length));
  }
};

const stall = (origin: Origin, { page }: Tab, ms: number): void => {
  page.halt(false);
  origin.stage.time.in(ms, () => page.go(false));
};
