/**
 * Worlds of tabs, and known faults in them, which have to be found. `WORLDS=100000` runs more; a failure says how its
 * seed is run again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { faults } from "./faults.ts";
import { planOf } from "./plan.ts";
import { run } from "./world.ts";
import { packages, search } from "./worlds.ts";

/** So many in every run of the tests. */
const WORLDS = Number(process.env.WORLDS ?? 1_500);
/** Each fault has to be found by one of so many. */
const WORLDS_A_FAULT = 3_000;

test(`in ${WORLDS} worlds of tabs every rule is kept`, { timeout: 3_600_000 }, async (context) => {
  const { seed, outcome, worlds, tasks } = await search(0, WORLDS, await packages());
  context.diagnostic(`${worlds} worlds, ${tasks} tasks`);
  const { rule, detail, at } = outcome?.violation ?? {};
  assert.equal(seed, undefined, `"${rule}" at ${at} ms: ${detail}; again: cargo xtask sim --tabs --seed ${seed}`);
});

test("a seed makes the same world again, to the word", async () => {
  const using = await packages();
  for (const seed of [3, 77, 1_234]) {
    const [one, other] = [await run(planOf(seed), using, true), await run(planOf(seed), using, true)];
    assert.ok(one.story.length > 10);
    assert.deepEqual(one, other);
  }
});

for (const [name, change] of Object.entries(faults)) {
  test(`the judge finds that ${name.replaceAll("-", " ")}`, { timeout: 600_000 }, async (context) => {
    const { seed, outcome, worlds } = await search(0, WORLDS_A_FAULT, await packages(change));
    assert.notEqual(seed, undefined, `${worlds} worlds do not show it`);
    context.diagnostic(`found after ${worlds} worlds by seed ${seed}: "${outcome!.violation!.rule}"`);
  });
}
