/**
 * What the build makes smaller of the checkout than a minifier can, so that its sources stay as one would write them. Each
 * step fails when what it works on has another form than it knows.
 */
import { readFileSync } from "node:fs";

import { transform } from "esbuild";

/**
 * Letters beyond ASCII and those in it that a text has fewer of, in each other's place: an Arabic letter is then one byte,
 * and gzip's one table of letters serves it and Latin alike. Twice is as never.
 */
const swap = (text) =>
  text.replace(/[@-{}-~\u0620-\u065b\u065d\u065e]/g, (letter) => {
    const code = letter.charCodeAt(0);
    return String.fromCharCode(code < 128 ? code + 1504 : code - 1504);
  });

/** The module of the checkout's words with its table written shorter: the names of forty sentences stand once. */
export const packTexts = async (source) => {
  const { code } = await transform(source, { loader: "ts" });
  const { languages } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const names = [...Object.keys(languages.en), "dir"];
  const packed = Object.entries(languages).map(([tag, words]) => {
    const known = Object.keys(words).every((name) => names.includes(name));
    const text = names.map((name) => words[name] ?? "").join("|");
    if (!known || text.split("|").length != names.length) throw new Error(`the words of "${tag}" cannot be packed`);
    const short = words.dir ? swap(text) : text;
    return `${tag}: read(${words.dir ? "swap(" : ""}${JSON.stringify(short.replace(/\|$/, ""))})${words.dir ? ")" : ""}`;
  });
  const begin = source.indexOf("export const languages");
  const end = source.indexOf("\n};\n", begin);
  if (begin < 0 || end < 0) throw new Error("src/checkout/texts.ts has another form than the build knows");
  return `${source.slice(0, begin)}
const names = ${JSON.stringify(names.join("|"))}.split("|");
const read = (text: string) => {
  const words = text.split("|");
  return Object.fromEntries(names.map((name, at) => [name, words[at]])) as unknown as CheckoutTexts;
};
const swap = ${swap};
export const languages: Record<string, CheckoutTexts> = {${packed.join(",\n")}${source.slice(end)}`;
};

/** The style, with names of one letter for the custom properties that are none of the page's. */
export const packStyle = async (source) => {
  const { code } = await transform(source, { loader: "css", minify: true });
  const names = [...new Set(code.match(/(?<=[{;])--(?!checkout-)[\w-]+(?=:)/g))];
  if (names.length > 26) throw new Error("src/checkout/checkout.css has more custom properties than there are letters");
  return code
    .trim()
    .replace(/--[\w-]+/g, (name) =>
      names.includes(name) ? `--${String.fromCharCode(97 + names.indexOf(name))}` : name,
    )
    .replace(/(--\w:|,) /g, "$1");
};

/**
 * The QR encoder without what draws on a canvas, since the checkout draws an SVG, and with the table of the one level of
 * error correction that it asks for: L, the first of four.
 */
export const packCode = (source) => {
  const short = source
    .replace(/,u\(\w,\{on:.*?\.putImageData\(\w,0,0\)\}/, "")
    .replace(/(4\*(\w)\+)\w(-4,\w=)("[^"]{160,}")(\.charCodeAt\()\w\)/, (_, at, version, less, table, code) => {
      const sizes = JSON.stringify([...JSON.parse(table)].filter((_size, at) => at % 4 == 0).join(""));
      return `${at}0${less}${sizes}${code}${version}-1)`;
    });
  if (short.length > source.length - 500) {
    throw new Error("lean-qr/nano has another form than the build knows; look at its methods and its table of sizes");
  }
  return short;
};

/** For esbuild. */
export const checkout = {
  name: "checkout",
  setup(build) {
    const pack = (filter, loader, to) =>
      build.onLoad({ filter }, async ({ path }) => ({ contents: await to(readFileSync(path, "utf8")), loader }));
    pack(/\.css$/, "text", packStyle);
    pack(/checkout\/texts\.ts$/, "ts", packTexts);
    pack(/lean-qr\/nano\.mjs$/, "js", packCode);
  },
};
