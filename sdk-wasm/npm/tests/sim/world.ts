/** A world: everything together, from a plan to its end in virtual time. */
import { Random } from "../unit/support/mutate.ts";
import { calm } from "./calm.ts";
import { Judge, type Violation } from "./judge.ts";
import { Origin, type Packages } from "./origin.ts";
import type { Plan } from "./plan.ts";
import type { Stage } from "./stage.ts";
import { strike } from "./strike.ts";
import { Time } from "./time.ts";

export interface Outcome {
  violation: Violation | undefined;
  /** Tasks that pages have run. */
  tasks: number;
  story: string[];
}

/** How often the judge looks at what ought to have happened. */
const TICK_MS = 5_000;

/** All microtasks of the task that has run: an immediate comes after them. No time passes. */
const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

/** Lets the world happen, until its end or a violation. */
export const run = async (plan: Plan, packages: Packages, isTold = false): Promise<Outcome> => {
  const time = new Time();
  const story: string[] = [];
  const stage = {
    plan,
    time,
    random: new Random(plan.seed ^ 0x5eed),
    tell: (line: string) => {
      if (isTold) story.push(`${(time.now / 1000).toFixed(3).padStart(9)} ${line}`);
    },
  } as { -readonly [Key in keyof Stage]: Stage[Key] };
  const judge = new Judge(stage);
  stage.judge = judge;
  const origin = new Origin(stage, packages);

  for (const tab of plan.tabs) time.at(tab.at, () => origin.open(tab));
  for (const [payment, { updates, deletedAt }] of plan.payments.entries()) {
    for (const { at, status } of updates) time.at(at, () => origin.service.update(payment, status));
    // Who only polls cannot tell a life from another that has come as far.
    if (deletedAt != null && !plan.isSocketless) time.at(deletedAt, () => origin.service.remove(payment));
  }
  const lastStall = plan.staysStalled && plan.strikes.filter(({ what }) => what == "stall").pop();
  let end = plan.span;
  for (const one of plan.strikes) {
    time.at(one.at, () => strike(origin, one, one == lastStall));
    if (one.what != "clock") end = Math.max(end, one.at + one.ms);
  }
  const over = calm(stage, origin, end + 5_000);
  const tick = () => {
    judge.tick();
    if (time.now < over) time.in(TICK_MS, tick);
  };
  tick();

  const rejected = (error: unknown) => judge.threw("a promise", error);
  process.on("unhandledRejection", rejected);
  let tasks = 0;
  for (let moment = time.next(); moment && time.now <= over && !judge.violation; moment = time.next()) {
    moment.run!();
    if (!judge.ran) continue;
    judge.ran = false;
    tasks++;
    await settled();
    judge.look();
  }
  process.off("unhandledRejection", rejected);
  return { violation: judge.violation, tasks, story };
};
