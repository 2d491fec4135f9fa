/** `cargo xtask sim --tabs`: worlds of tabs from seeds; `--help` says what it takes. */
import { parseArgs } from "node:util";

import { faults } from "./faults.ts";
import type { Packages } from "./origin.ts";
import { planOf } from "./plan.ts";
import { packages, search, shrink } from "./worlds.ts";
import { run } from "./world.ts";

const HELP = `Lets the tabs of a browser live in virtual time and holds each world against PROTOCOL.md.

  --worlds N     so many worlds (1000)
  --from SEED    the first world's seed (0)
  --seed N       only the world of this seed, with all that happens in it; a failing one is made smaller first
  --whole        does not make it smaller
  --fault NAME   with a fault put in, which has to be found within the worlds; \`all\` tries each`;

const { values } = parseArgs({
  options: {
    worlds: { type: "string", default: "1000" },
    from: { type: "string", default: "0" },
    seed: { type: "string" },
    whole: { type: "boolean" },
    fault: { type: "string" },
    help: { type: "boolean" },
  },
});

/** Tells a world; whether every rule was kept. */
const replay = async (seed: number, using: Packages): Promise<boolean> => {
  let plan = planOf(seed);
  if (!values.whole && (await run(plan, using)).violation) plan = await shrink(plan, using);
  console.log(JSON.stringify(plan, null, 1));
  const { story, violation, tasks } = await run(plan, using, true);
  console.log(story.join("\n"));
  if (violation) {
    console.log(`seed ${seed}: "${violation.rule}" does not hold at ${violation.at} ms: ${violation.detail}`);
    console.log(`again: cargo xtask sim --tabs --seed ${seed}${values.fault ? ` --fault ${values.fault}` : ""}`);
  } else console.log(`seed ${seed}: every rule was kept, in ${tasks} tasks`);
  return !violation;
};

const from = Number(values.from);
const worlds = Number(values.worlds);

const findAll = async (): Promise<void> => {
  for (const [name, change] of Object.entries(faults)) {
    const { seed, outcome, worlds: tried } = await search(from, worlds, await packages(change));
    if (seed == null) process.exitCode = 1;
    console.log(
      `${name.padEnd(40)} ${seed == null ? "NOT FOUND" : `found after ${tried} worlds by seed ${seed}: "${outcome!.violation!.rule}"`}`,
    );
  }
};

const main = async (): Promise<void> => {
  if (values.help) return console.log(HELP);
  if (values.fault == "all") return findAll();
  const fault = values.fault == null ? [] : [faults[values.fault]];
  if (fault.includes(undefined)) throw new Error(`there is no such fault; there are ${Object.keys(faults).join(", ")}`);
  const using = await packages(...(fault as []));
  if (values.seed != null) {
    if (!(await replay(Number(values.seed), using))) process.exitCode = 1;
    return;
  }
  const began = performance.now();
  const told = (done: number) => done % 10_000 || console.log(`${done} worlds`);
  const { seed, worlds: done, tasks } = await search(from, worlds, using, told);
  console.log(`${done} worlds, ${tasks} tasks, ${((performance.now() - began) / 1000).toFixed(1)} s`);
  if (seed != null) {
    await replay(seed, using);
    if (!fault.length) process.exitCode = 1;
  } else if (fault.length) process.exitCode = 1;
};

await main();
