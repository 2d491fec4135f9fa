/** Many worlds one after the other, and one told and made smaller. */
import type { Packages } from "./origin.ts";
import { type Change, load } from "./package.ts";
import { type Plan, planOf } from "./plan.ts";
import { type Outcome, run } from "./world.ts";

/** The package, with a fault or without, for each kind of tab. */
export const packages = async (...changes: Change[]): Promise<Packages> => {
  const mine = await load(changes);
  const next = await load([...changes, { file: "share.ts", from: "`transfer-status/1 ", to: "`transfer-status/2 " }]);
  return (kind) => (kind == "next-version" ? next : mine);
};

export interface Found {
  /** The first seed whose world broke a rule. */
  seed: number | undefined;
  outcome: Outcome | undefined;
  worlds: number;
  tasks: number;
}

/** Worlds from a seed on, until one breaks a rule. */
export const search = async (
  from: number,
  worlds: number,
  using: Packages,
  onWorld: (done: number) => void = () => {},
): Promise<Found> => {
  let tasks = 0;
  for (let n = 0; n < worlds; n++) {
    const outcome = await run(planOf(from + n), using);
    tasks += outcome.tasks;
    if (outcome.violation) return { seed: from + n, outcome, worlds: n + 1, tasks };
    onWorld(n + 1);
  }
  return { seed: undefined, outcome: undefined, worlds, tasks };
};

/** Leaves out of a failing plan whatever it fails without. */
export const shrink = async (plan: Plan, using: Packages): Promise<Plan> => {
  let best = plan;
  const attempt = async (smaller: Plan): Promise<boolean> => {
    const fails = !!(await run(smaller, using)).violation;
    if (fails) best = smaller;
    return fails;
  };
  const without = <T>(list: T[], n: number): T[] => list.filter((_, place) => place != n);
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (let n = best.strikes.length - 1; n >= 0; n--)
      if (await attempt({ ...best, strikes: without(best.strikes, n) })) isSmaller = true;
    for (let n = best.tabs.length - 1; n >= 0; n--)
      if (await attempt({ ...best, tabs: without(best.tabs, n) })) isSmaller = true;
    for (const [p, payment] of best.payments.entries())
      for (let n = payment.updates.length - 1; n >= 0; n--) {
        const payments = [...best.payments];
        payments[p] = { ...best.payments[p]!, updates: without(best.payments[p]!.updates, n) };
        if (await attempt({ ...best, payments })) isSmaller = true;
      }
  }
  return best;
};
