/** The protocol's messages through the package's decoder, by Chromium's own `JSON.parse` and regular expressions. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { freshContext, startBrowser } from "./support/browser.ts";
import { serveFixture } from "./support/fixture.ts";

const vectors = new URL("../../../../protocol/tests/vectors/messages.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(vectors, "utf8")) as {
  cases: { name: string; direction: string; text: string; valid: boolean; ignored?: boolean }[];
};

test("Chromium takes, skips and refuses what the vectors say", async (t) => {
  const browser = await startBrowser();
  t.after(() => browser.close());
  const { context } = await freshContext(browser);
  const page = await context.newPage();
  // The sources have no translated session yet; the build makes it.
  await page.goto(await serveFixture("vectors.ts", t, ["./fallback.js"]));
  await page.waitForFunction(() => "readMessage" in globalThis);
  const fromServer = cases.filter(({ direction }) => direction == "server");
  assert.ok(fromServer.length >= 20, "the vectors are there");
  const read = await page.evaluate(
    (texts) => texts.map((text) => readMessage(text)),
    fromServer.map(({ text }) => text),
  );
  fromServer.forEach(({ name, valid, ignored }, i) => {
    assert.equal(read[i] != "invalid", valid, `${name}: ${read[i]}`);
    assert.equal(read[i] == "unknown", !!ignored, `${name}: ${read[i]}`);
  });
});
