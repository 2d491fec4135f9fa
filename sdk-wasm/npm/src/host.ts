/** Which hosts are of this machine or a private network, where plain text may go: PROTOCOL.md, section 9. */

const privateV4 = (host: string): boolean =>
  /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(host) && isV4(host);

/** In its plain spelling only: another one is a public address to some resolver. */
const isV4 = (host: string): boolean => /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/.test(host);

const privateV6 = (host: string): boolean => {
  const canonical = new URL(`http://${host}`).hostname;
  const mapped = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(canonical);
  if (!mapped) return canonical == "[::1]" || /^\[f([cd][\da-f]|e[89ab])[\da-f]:/.test(canonical);
  const bytes = mapped.slice(1).flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255]);
  return privateV4(bytes.join("."));
};

/** Takes the host of an address as it is written there, an IPv6 address in its brackets. */
export const isPrivateHost = (host: string): boolean => {
  const name = host.toLowerCase();
  if (name.startsWith("[")) return privateV6(name);
  if (isV4(name)) return privateV4(name);
  const labels = name.split(".");
  const last = labels.at(-1)!;
  if (labels.includes("") || /^(\d+|0x[\da-f]*)$/.test(last)) return false;
  return labels.length == 1 || /^(localhost|local|internal)$/.test(last) || /(^|\.)home\.arpa$/.test(name);
};
