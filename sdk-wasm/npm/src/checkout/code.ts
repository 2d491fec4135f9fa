/** Draws a QR code as one path of an SVG: no markup, no data URL, every module of the same whole number of pixels. */
import { generate } from "lean-qr/nano";

/** Light modules around the code, as its standard asks. */
const QUIET = 4;
/** The most that the code takes, in CSS pixels. */
const SIZE = 280;

/** Puts the code of `text` into `svg`, which has `room` pixels. */
export const drawCode = (svg: SVGElement, text: string, room: number): void => {
  const code = generate(text);
  const size = code.size + 2 * QUIET;
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      const start = x;
      while (code.get(x, y)) x++;
      // Runs, not modules: neighbours leave no seam.
      if (x > start) path += `M${start + QUIET} ${y + QUIET}h${x - start}v1h-${x - start}z`;
    }
  }
  const element = document.createElementNS("http://www.w3.org/2000/svg", "path");
  element.setAttribute("d", path);
  svg.replaceChildren(element);
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  // Whole pixels of the screen, not of the page: uneven modules are what scanners stumble over.
  const ratio = globalThis.devicePixelRatio || 1;
  const pixels = `${(size * Math.max(1, Math.floor((Math.min(SIZE, room) * ratio) / size))) / ratio}`;
  svg.setAttribute("width", pixels);
  svg.setAttribute("height", pixels);
};
