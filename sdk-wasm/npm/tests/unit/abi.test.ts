/** `core.ts` and the session's `abi.rs` name the same numbers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as core from "../../src/core.ts";

test("core.ts has every constant of abi.rs, and no other", () => {
  const rust = readFileSync(new URL("../../../session/src/abi.rs", import.meta.url), "utf8");
  const constants = [...rust.matchAll(/^pub mod (\w+) \{\n(.*?)^\}/gms)].flatMap(([, module, body]) =>
    [...body!.matchAll(/pub const (\w+): u32 = (\d+);/g)].map(
      ([, name, number]) => [`${module!.toUpperCase()}_${name}`, Number(number)] as const,
    ),
  );
  assert.ok(constants.length > 40, `${constants.length} found`);
  const { load: _, ...numbers } = core;
  assert.deepEqual(numbers, Object.fromEntries(constants));
});

test("no two numbers of a table are the same", () => {
  const { load: _, ...numbers } = core;
  const taken = Object.entries(numbers).map(([name, number]) => `${name.split("_")[0]} ${number}`);
  assert.deepEqual([...new Set(taken)], taken);
});
