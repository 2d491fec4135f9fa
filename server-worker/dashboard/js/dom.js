// Builds nodes. Text goes in as text only, so nothing that a server or a backend sends can become markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. `attributes` whose value is null or false are left out, true stands for an empty one;
 * children are nodes or text, and null ones are skipped.
 *
 *     el("a", { class: "id", href: "#/t/tr_1" }, "tr_1")
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element, as [`el`]. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** One of the page's icons, hidden from screen readers: the words beside it say the same. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#icon-${name}` }));
}

/** Text that a stranger wrote: isolated, so that its writing direction cannot turn its neighbours around. */
export function foreign(text) {
  return el("bdi", {}, text);
}

/** Sets the text of `node` when it differs, so that screen readers hear of real changes only. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The element of the page with this id. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found;
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
