// What a test sees of a watch on a page in Chromium.
import assert from "node:assert/strict";

/** Longer than anything takes here; only a failing test waits for it. */
const PATIENCE = 10_000;

/** Keeps the outcome of each attempt to compile WebAssembly in `attempts`. */
const witness = () => {
  window.attempts = [];
  for (const name of ["compile", "compileStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      try {
        const result = await original.apply(WebAssembly, args);
        window.attempts.push(`${name} ok`);
        return result;
      } catch (error) {
        window.attempts.push(`${name} refused`);
        throw error;
      }
    };
  }
};

/**
 * Opens `address` and hands a page to `look` that `sees(list, text)` and knows the `attempts` at WebAssembly. An error
 * in the page fails the test.
 */
export const visit = async (browser, address, look) => {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.addInitScript(witness);
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.stack));
    await page.goto(address);
    await look({
      sees: async (list, text) => {
        try {
          await page
            .locator(`#${list} li`, { hasText: new RegExp(`^${text}$`) })
            .first()
            .waitFor();
        } catch (error) {
          const body = await page.locator("body").innerHTML();
          throw new Error(`#${list} never had "${text}"; page errors: ${errors.join("\n")}\n${body}`, { cause: error });
        }
      },
      attempts: async () => (await page.evaluate(() => window.attempts)).sort(),
    });
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
};
