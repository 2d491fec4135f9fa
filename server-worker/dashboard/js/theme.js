// Light or dark: the system's choice until the viewer makes another. Runs before the page shows, so that none flashes.
(() => {
  const KEY = "transfer-status-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  // Storage may be switched off; then the choice holds for this page only.
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const store = (choice) => {
    try {
      if (choice === null) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // Not kept.
    }
  };

  const systemTheme = () => (system.matches ? "dark" : "light");
  const shown = () => root.dataset.theme ?? systemTheme();
  const apply = (choice) => {
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    else delete root.dataset.theme;
  };
  apply(stored());

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const label = () => {
      const next = shown() === "dark" ? "light" : "dark";
      button.replaceChildren(icon(next === "dark" ? "icon-moon" : "icon-sun"));
      button.setAttribute("aria-label", `Switch to the ${next} theme`);
      button.title = `Switch to the ${next} theme`;
    };
    label();
    system.addEventListener("change", label);
    button.addEventListener("click", () => {
      const next = shown() === "dark" ? "light" : "dark";
      // The system's own theme needs no choice: the page then goes on following it.
      const choice = next === systemTheme() ? null : next;
      apply(choice);
      store(choice);
      label();
    });
  });

  function icon(id) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#${id}`);
    svg.append(use);
    return svg;
  }
})();
