/** The build: what it makes depends on what it is given alone. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";

const here = join(import.meta.dirname, "../..");
const session = process.env["SESSION_WASM"] ?? join(here, "../../target/session.wasm");

test("a clone in another folder gives the same bytes, also where that is called cdn", { timeout: 120_000 }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cdn-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["src", "build.mjs", "package.json", "tsconfig.json"]) {
    cpSync(join(here, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(here, "node_modules"), join(folder, "node_modules"));
  execFileSync(process.execPath, ["build.mjs"], { cwd: folder, env: { ...process.env, SESSION_WASM: session } });
  const files = (place: string) =>
    readdirSync(join(place, "dist"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(join(place, "dist"), join(entry.parentPath, entry.name)))
      .sort();
  const names = files(here);
  assert.deepEqual(files(folder), names);
  for (const name of names) {
    const [built, again] = [here, folder].map((place) => readFileSync(join(place, "dist", name), "utf8"));
    assert.equal(again, built, name);
  }
});

test("what belongs to the browser says so to the server of a framework", () => {
  assert.match(readFileSync(join(here, "dist/react.js"), "utf8"), /^"use client";/);
});
