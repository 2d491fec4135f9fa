/** The build: what it makes depends on what it is given alone. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { transform } from "esbuild";

const here = join(import.meta.dirname, "../..");
const session = process.env["SESSION_WASM"] ?? join(here, "../../target/session.wasm");

test("a clone in another folder gives the same bytes, also where that is called cdn", { timeout: 120_000 }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cdn-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["src", "build.mjs", "build-checkout.mjs", "package.json", "tsconfig.json"]) {
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

test("the checkout's words are the same once they are packed", async () => {
  const file = join(here, "src/checkout/texts.ts");
  const { languages } = (await import(pathToFileURL(file).href)) as typeof import("../../src/checkout/texts.ts");
  const { packTexts } = (await import(pathToFileURL(join(here, "build-checkout.mjs")).href)) as {
    packTexts: (source: string) => Promise<string>;
  };
  const { code } = await transform(await packTexts(readFileSync(file, "utf8")), { loader: "ts" });
  const packed = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { languages: typeof languages };
  assert.deepEqual(Object.keys(packed.languages), Object.keys(languages));
  for (const [tag, words] of Object.entries(languages)) {
    // A direction that nobody gave is undefined, as where it is left out.
    assert.deepEqual({ dir: undefined, ...words }, packed.languages[tag]);
  }
});

test("the checkout's codes are those of the library, up to the longest", async () => {
  const source = readFileSync(join(here, "node_modules/lean-qr/nano.mjs"), "utf8");
  const { packCode } = (await import(pathToFileURL(join(here, "build-checkout.mjs")).href)) as {
    packCode: (source: string) => string;
  };
  type Library = { generate: (text: string) => { size: number; i: Uint8Array } };
  const load = (code: string) => import(`data:text/javascript,${encodeURIComponent(code)}`) as Promise<Library>;
  const [library, packed] = await Promise.all([load(source), load(packCode(source))]);
  // A step of less than the least that a version has more than the one before: every version is met.
  for (let length = 1; length <= 2_953; length += 14) {
    const text = "https://pay.example/é".repeat(150).slice(0, length);
    if (new TextEncoder().encode(text).length > 2_953) break;
    const [{ size, i: modules }, own] = [library.generate(text), packed.generate(text)];
    assert.deepEqual([own.size, own.i], [size, modules], `${length} characters`);
  }
  for (const { generate } of [library, packed]) assert.throws(() => generate("x".repeat(2_954)), /lean-qr error 4/);
});

test("what belongs to the browser says so to the server of a framework", () => {
  assert.match(readFileSync(join(here, "dist/react.js"), "utf8"), /^"use client";/);
});
