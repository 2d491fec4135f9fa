/** Checks the service's address at once: one that cannot be right is a mistake in the code that passes it. */

// A URL holds a host of digits and dots only as an IPv4 address in its plain spelling.

/** This machine. */
const loopback = /^((.+\.)?localhost|127\.[\d.]+|\[::1])$/;
/** Private networks: RFC 1918, link-local, and names that no public server has. */
const privately =
  /^((10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.[\d.]+|\[f([cd]..|e[89ab].):.*|[^.:]+|.+\.(local|internal|home\.arpa))$/;

/**
 * The address as an absolute URL that ends with a slash. `page` is the location of the page, which an address that
 * begins with a slash belongs to.
 *
 * @throws TypeError for what is no address of a service, and for plain text over a public network unless
 * `allowPlainText`.
 */
export const readAddress = (given: string | URL, allowPlainText?: boolean, page?: Location): string => {
  const text = String(given);
  const url = /^((https?|wss?):\/\/|\/)[^?#]*$/i.test(text) && new URL(text, page?.href);
  if (!url || url.username || url.password) {
    throw TypeError("url: pass an address like https://status.example.com");
  }
  const { href, hostname, protocol } = url;
  if (
    /^(http|ws):/.test(protocol) &&
    !loopback.test(hostname) &&
    (page?.protocol == "https:" || !(allowPlainText || privately.test(hostname)))
  ) {
    throw TypeError("url: use https; plain text needs allowPlainText");
  }
  return href.replace(/\/*$/, "/");
};
