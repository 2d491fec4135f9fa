// Light and dark: the system's choice, the viewer's own, and no movement for those who asked for none.
import assert from "node:assert/strict";
import { idsOf, isLive, row, signIn } from "./support/browser.mjs";
import { stage } from "./support/story.mjs";

const on = stage();

const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

on.story(
  "the page follows the system, and a choice of one's own is kept",
  async (page) => {
    await signIn(page, on.server);
    const dark = await background(page);
    await page.emulateMedia({ colorScheme: "light" });
    const light = await background(page);
    assert.notEqual(light, dark);

    await page.getByRole("button", { name: "Switch to the dark theme" }).click();
    assert.equal(await background(page), dark);
    await page.reload();
    await isLive(page);
    assert.equal(await background(page), dark, "kept over a reload");

    await page.getByRole("button", { name: "Switch to the light theme" }).click();
    assert.equal(await background(page), light);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await background(page), dark, "the system's own theme is no choice: the page follows again");
  },
  { colorScheme: "dark" },
);

on.story("rows move, unless the viewer asked for less motion", async (page) => {
  await on.server.update({ transferId: "tr_one", status: "pending" });
  await on.server.update({ transferId: "tr_two", status: "pending" });
  await signIn(page, on.server);
  await page.evaluate(() => {
    window.moves = 0;
    const animate = Element.prototype.animate;
    Element.prototype.animate = function counted(frames, options) {
      if (JSON.stringify(frames).includes("transform")) window.moves += 1;
      return animate.call(this, frames, options);
    };
  });
  await on.server.update({ transferId: "tr_one", status: "processing" });
  await row(page, "tr_one").getByText("Processing").waitFor();
  assert.deepEqual(await idsOf(page), ["tr_one", "tr_two"]);
  assert.ok((await page.evaluate(() => window.moves)) > 0);

  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.evaluate(() => (window.moves = 0));
  await on.server.update({ transferId: "tr_two", status: "processing" });
  await row(page, "tr_two").getByText("Processing").waitFor();
  assert.deepEqual(await idsOf(page), ["tr_two", "tr_one"]);
  assert.equal(await page.evaluate(() => window.moves), 0);
});

on.story("a row that moves while it has the focus keeps it", async (page) => {
  await on.server.update({ transferId: "tr_held", status: "pending" });
  await on.server.update({ transferId: "tr_above", status: "pending" });
  await signIn(page, on.server);
  const link = row(page, "tr_held").getByRole("link");
  await link.focus();
  await on.server.update({ transferId: "tr_held", status: "processing" });
  await row(page, "tr_held").getByText("Processing").waitFor();
  assert.equal((await idsOf(page))[0], "tr_held");
  assert.equal(await link.evaluate((each) => each === document.activeElement), true);
});
