// Whether the server's parts answer: asked now and then while somebody looks, said only when there is something to say.
import { health } from "./api.js";
import { byId, el, foreign, icon } from "./dom.js";

const APART_MS = 120_000;

export class Health {
  #box = byId("health");
  #shown = "";

  constructor() {
    setInterval(() => document.hidden || this.ask(), APART_MS);
  }

  /** Asks now. */
  async ask() {
    try {
      const { warnings = [] } = await health();
      this.#show(null, warnings);
    } catch (error) {
      // Who cannot be reached at all is said by the banner, a session that is over by its dialog.
      if (error.status >= 500) this.#show(error.message, []);
    }
  }

  #show(trouble, warnings) {
    const key = JSON.stringify([trouble, warnings]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#box.hidden = trouble === null && warnings.length === 0;
    this.#box.classList.toggle("trouble", trouble !== null);
    this.#box.replaceChildren();
    if (trouble !== null) {
      const words = "Part of the server does not answer. Payments go on; what is owed is delivered later.";
      this.#box.append(icon("alert"), el("p", {}, el("strong", {}, words), " ", foreign(`It says: ${trouble}.`)));
    } else if (warnings.length > 0) {
      const title = warnings.length === 1 ? "The server has a warning" : `The server has ${warnings.length} warnings`;
      const items = warnings.map((warning) => el("li", {}, foreign(warning)));
      this.#box.append(el("details", {}, el("summary", {}, icon("alert"), title), el("ul", {}, ...items)));
    }
  }
}
