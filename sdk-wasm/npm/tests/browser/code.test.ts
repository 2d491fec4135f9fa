/**
 * The page's code as a camera has it: near and sharp, far and blurred, read by ZXing, in both forms of the payload. With
 * `PICTURES=folder` it leaves there what it has seen and what that should say: examples/pictures, for the scanners' tests.
 */
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

import { freshContext, seeCode, startBrowser } from "./support/browser.ts";
import { World } from "./support/world.ts";

/** The sides of the pictures, in pixels; one out of focus has each pixel mixed with its neighbours, by these weights. */
const NEAR = { side: 280, focus: [1] };
const FAR = { side: 140, focus: [1, 2, 1] };

let world: World;
let browser: Browser;
let shop: string;
/** A page of nobody, in which pictures are looked at: the shop's own is allowed to load nothing. */
let darkroom: Page;

before(async () => {
  const wasm = createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm");
  const { buffer } = new Uint8Array(readFileSync(wasm));
  await prepareZXingModule({ overrides: { wasmBinary: buffer }, fireImmediately: true });
  [world, browser] = await Promise.all([World.start(), startBrowser()]);
  shop = await world.shop();
  darkroom = await (await freshContext(browser)).context.newPage();
});
after(async () => {
  await browser?.close();
  await world?.close();
});

/** The long form of what the page shows. */
const longForm = ({ transferRequestId, signature }: Record<string, string>, qr: string): string =>
  `${new URL(qr).origin}/t/${transferRequestId}#s=${signature}`;

/** Opens the page, with the backend's payload as `form` makes it; the text that its code should say. */
const openPage = async (form: (created: Record<string, string>) => string): Promise<{ page: Page; text: string }> => {
  const { context } = await freshContext(browser, { viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.route("**/create-transfer-request", async (route) => {
    const answer = await route.fetch();
    const created = await answer.json();
    await route.fulfill({ response: answer, json: { ...created, qr: form(created) } });
  });
  await page.goto(shop);
  return { page, text: (await seeCode(page)).qr };
};

/** What the customer's camera is pointed at: the code, and what it stands on. */
const photograph = (page: Page): Promise<Buffer> => page.locator("#code").locator("..").screenshot();

/** Keeps a picture under that name, drawn and photographed, where pictures are wanted. */
const keep = async (name: string, { data, width }: ImageData): Promise<void> => {
  const folder = process.env["PICTURES"];
  if (!folder) return;
  for (const kind of ["png", "jpeg"]) {
    const bytes = await darkroom.evaluate(
      async ([pixels, side, kind]) => {
        const canvas = new OffscreenCanvas(side, side);
        canvas.getContext("2d")!.putImageData(new ImageData(new Uint8ClampedArray(pixels), side, side), 0, 0);
        return [...new Uint8Array(await (await canvas.convertToBlob({ type: `image/${kind}` })).arrayBuffer())];
      },
      [[...data], width, kind] as const,
    );
    writeFileSync(join(folder, `${name}.${kind}`), new Uint8Array(bytes));
  }
};

/** The picture as a camera has it. */
const seenFrom = async (picture: Buffer, { side, focus }: typeof NEAR): Promise<ImageData> => {
  const pixels = await darkroom.evaluate(
    async ([picture, side]) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
      const paper = new OffscreenCanvas(side, side).getContext("2d")!;
      paper.imageSmoothingQuality = "high";
      paper.fillStyle = "#ffffff";
      paper.fillRect(0, 0, side, side);
      paper.drawImage(bitmap, 0, 0, side, side);
      return [...paper.getImageData(0, 0, side, side).data.filter((_, at) => at % 4 == 0)];
    },
    [picture.toString("base64"), side] as const,
  );
  const grey = [1, side].reduce((sharp, step) => mixed(sharp, step, focus), pixels);
  const data = new Uint8ClampedArray(grey.flatMap((shade) => [shade, shade, shade, 255]));
  return { data, width: side, height: side, colorSpace: "srgb" };
};

/** Each of `pixels` mixed with those that are `step` apart. */
const mixed = (pixels: number[], step: number, weights: number[]): number[] => {
  const sum = weights.reduce((sum, weight) => sum + weight);
  const middle = (weights.length - 1) / 2;
  const near = (at: number, offset: number): number => pixels[at + (offset - middle) * step] ?? 255;
  return pixels.map((_, at) => weights.reduce((shade, weight, offset) => shade + near(at, offset) * weight, 0) / sum);
};

/** The texts of all codes in the picture. */
const read = async (picture: ImageData): Promise<string[]> => {
  const found = await readBarcodes(picture, { formats: ["QRCode"], tryHarder: true });
  return found.map(({ text }) => text);
};

const forms = {
  short: ({ qr }: Record<string, string>) => qr!,
  long: (created: Record<string, string>) => longForm(created, created["qr"]!),
};
for (const [name, form] of Object.entries(forms)) {
  test(`a stranger's decoder reads the ${name} form, at 280 px and blurred at 140 px`, async () => {
    const { page, text } = await openPage(form);
    assert.match(text, name == "short" ? /#m=.+&e=\d+&h=/ : /#s=./);
    const picture = await photograph(page);
    for (const [where, camera] of Object.entries({ near: NEAR, far: FAR })) {
      const seen = await seenFrom(picture, camera);
      assert.deepEqual(await read(seen), [text]);
      await keep(`${name}-${where}`, seen);
    }
    if (process.env["PICTURES"]) writeFileSync(join(process.env["PICTURES"], `${name}.txt`), text);
    // No picture of it is read when there is nothing to be read: the decoder has not been told the text.
    await page.locator("#code").evaluate((code) => code.replaceChildren());
    assert.deepEqual(await read(await seenFrom(await photograph(page), NEAR)), []);
    await page.context().close();
  });

  test(`each module of the ${name} form is a square of whole pixels, without grey edges`, async () => {
    const { page } = await openPage(form);
    const picture = await photograph(page);
    const { side, height, runs, shades } = await darkroom.evaluate(async (picture) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
      const { width, height } = bitmap;
      const paper = new OffscreenCanvas(width, height).getContext("2d")!;
      paper.drawImage(bitmap, 0, 0);
      const { data } = paper.getImageData(0, 0, width, height);
      const shade = (x: number, y: number): number => data[(y * width + x) * 4]!;
      // The code reaches from its first dark pixel to its last, across and down: three of its corners are dark.
      const across = Array.from({ length: width }, (_, x) => x);
      const down = Array.from({ length: height }, (_, y) => y);
      const columns = across.filter((x) => down.some((y) => shade(x, y) < 64));
      const rows = down.filter((y) => across.some((x) => shade(x, y) < 64));
      const [left, right, top, bottom] = [columns[0]!, columns.at(-1)!, rows[0]!, rows.at(-1)!];
      const [runs, shades] = [new Set<number>(), new Set<number>()];
      for (let y = top; y <= bottom; y++) {
        for (let x = left, from = left; x <= right + 1; x++) {
          if (x <= right) shades.add(shade(x, y));
          if (x <= right && shade(x, y) == shade(from, y)) continue;
          runs.add(x - from);
          from = x;
        }
      }
      return { side: right - left + 1, height: bottom - top + 1, runs: [...runs], shades: shades.size };
    }, picture.toString("base64"));
    assert.equal(shades, 2);
    assert.equal(side, height);
    // Some run is a single module.
    const module = Math.min(...runs);
    assert.ok(module >= 4, `${module} px a module`);
    assert.deepEqual(
      runs.filter((run) => run % module),
      [],
    );
    assert.equal((side / module - 17) % 4, 0, `${side / module} modules are no code`);
    await page.context().close();
  });
}
