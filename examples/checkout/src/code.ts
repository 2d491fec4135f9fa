/** Draws a QR code as one path of an SVG: crisp at any size, no markup, no data URL. */
import encodeQR from "qr";

/** Light modules around the code, as scanners need them. */
const QUIET = 2;

/** Puts the code of `text` into `svg`. */
export const drawCode = (svg: SVGSVGElement, text: string): void => {
  const rows = encodeQR(text, "raw", { ecc: "low", border: QUIET });
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  // Runs, not modules: neighbours leave no seam.
  const runs = rows.flatMap((row, y) => {
    const found: string[] = [];
    for (let x = 0; x < row.length; x++) {
      const start = x;
      while (row[x]) x++;
      if (x > start) found.push(`M${start} ${y}h${x - start}v1h-${x - start}z`);
    }
    return found;
  });
  path.setAttribute("d", runs.join(""));
  svg.setAttribute("viewBox", `0 0 ${rows.length} ${rows.length}`);
  svg.replaceChildren(path);
};
