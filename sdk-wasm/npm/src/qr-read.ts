/** Reads the payload of a QR code in either form (PROTOCOL.md, "QR payload"). */

/**
 * The transfer's id, unchecked, and the signature: from the fragment, or else the query.
 *
 * @throws TypeError when the text is neither form.
 */
export const readQr = (qr: string | URL): [id: string, signature: string] => {
  // `unescape` gives bytes as characters, which is what `btoa` takes.
  const [, id, , whole, merchantId, expiry, mac] =
    /^[^?#]*\/t\/([^/?#]+?)\/?([?#]|%23)(?:.*[&#])?(?:s=([^&#\s]+)|m=([^&#]*)&e=(\d+)&h=([\w-]{43}))/i
      .exec(qr as string)!
      .map((part) => part && unescape(part));
  return [
    id!,
    // No signature has a space: it is a `+` that was taken for one, here or on the way.
    whole?.replaceAll(" ", "+") ??
      // The short form has all that is signed, so that the signature can be put together again, byte for byte.
      btoa(JSON.stringify({ transferRequestId: id, merchantId, expiry: +expiry! })) + "." + mac,
  ];
};
