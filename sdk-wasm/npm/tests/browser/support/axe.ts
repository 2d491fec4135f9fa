/** Accessibility, by axe. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong. It runs in a world of its own, past the page's policy. */
export const audit = async (page: Page): Promise<string[]> => {
  const devtools = await page.context().newCDPSession(page);
  const { frameTree } = await devtools.send("Page.getFrameTree");
  const { executionContextId: contextId } = await devtools.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
  });
  await devtools.send("Runtime.evaluate", { expression: axe, contextId });
  const { result, exceptionDetails } = await devtools.send("Runtime.evaluate", {
    expression: `axe.run(document, { iframes: false }).then(({ violations }) => violations.map(({ id, nodes }) =>
      id + ": " + nodes.map(({ html, any }) => html + " " + any.map(({ message }) => message).join()).join(" | ")))`,
    contextId,
    awaitPromise: true,
    returnByValue: true,
  });
  await devtools.detach();
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value as string[];
};
