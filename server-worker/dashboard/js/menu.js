// A button with a few more below it: opens on a press, closes on Escape, on a choice and when the focus goes elsewhere.

/** Makes `button` open and close `content`, which it names in `aria-controls`. */
export function menu(button, content) {
  const set = (isOpen) => {
    content.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
  };
  const isInside = (node) => button.contains(node) || content.contains(node);
  set(false);
  button.addEventListener("click", () => {
    set(content.hidden);
    if (!content.hidden) content.querySelector("button")?.focus();
  });
  content.addEventListener("click", (event) => {
    if (!event.target.closest("button")) return;
    set(false);
    button.focus();
  });
  content.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !isInside(event.relatedTarget)) set(false);
  });
  document.addEventListener("pointerdown", (event) => {
    if (!content.hidden && !isInside(event.target)) set(false);
  });
  for (const each of [button, content]) {
    each.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || content.hidden) return;
      event.stopPropagation();
      set(false);
      button.focus();
    });
  }
}
