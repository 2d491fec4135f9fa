/**
 * The inlined WebAssembly module, as text that compresses like the bytes themselves: one character a byte, two for
 * bytes from 87 on. Base64 would shift repeated byte sequences against each other and hide them from gzip.
 */

/** Reads what `pack` in build.mjs wrote: printable ASCII without `"` and `\`, the last two of 89 symbols shift. */
export const unpack = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes: number[] = [];
  let shift = 0;
  for (const character of text) {
    let symbol = character.charCodeAt(0) - 35;
    if (symbol > 56) symbol--;
    if (symbol > 86) shift = (symbol - 86) * 87;
    else {
      bytes.push(symbol + shift);
      shift = 0;
    }
  }
  return new Uint8Array(bytes);
};
