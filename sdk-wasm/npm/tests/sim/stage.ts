/** What all parts of a world share: its plan, its time, its dice, its judge and its story. */
import type { Random } from "../unit/support/mutate.ts";
import type { Judge } from "./judge.ts";
import type { Plan } from "./plan.ts";
import type { Time } from "./time.ts";

/** The moment at which every world begins, in Unix milliseconds. */
export const START = 1_700_000_000_000;

export interface Stage {
  readonly plan: Plan;
  readonly time: Time;
  /** For the platform; what is random to the package comes from other dice, so that a word more does not change both. */
  readonly random: Random;
  readonly judge: Judge;
  /** Writes the story on, where somebody reads it. */
  tell(line: string): void;
}
