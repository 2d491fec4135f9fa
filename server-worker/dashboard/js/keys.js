// The keyboard's short ways: single keys, which can be switched off, and the list of them.
import { byId } from "./dom.js";

const KEY = "transfer-status-single-keys";

/**
 * Listens for single keys; `actions` maps each to what it does. While a dialog is open, while text is typed and with a
 * modifier none of them counts. In the table the arrows, Home and End go from row to row whatever is switched off.
 */
export function listenForKeys(actions, { table }) {
  const dialog = byId("keys");
  const isOn = byId("single-keys");
  isOn.checked = read() !== "off";
  isOn.addEventListener("change", () => write(isOn.checked ? "on" : "off"));
  const open = () => dialog.showModal();
  byId("show-keys").addEventListener("click", open);
  byId("close-keys").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  const known = { "?": open, j: () => step(table, 1), k: () => step(table, -1), ...actions };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, select, textarea")) return;
    const action = isOn.checked && Object.hasOwn(known, event.key) ? known[event.key] : null;
    if (!action) return;
    event.preventDefault();
    action();
  });
  table.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
    if (!Object.hasOwn(moves, event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step(table, moves[event.key]);
  });
}

/** Puts the focus on the row so many rows away from the one that has it; on the first where none has. */
function step(table, by) {
  const links = [...table.querySelectorAll("a.id")];
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1);
  links[next]?.focus();
}

// Storage may be switched off; then the choice holds for this page only.
function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function write(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // Not kept.
  }
}
