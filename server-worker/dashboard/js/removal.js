// The question before a transfer is deleted for good: it wants the admin token once more, for a session only reads.
import { deleteTransfer } from "./api.js";
import { byId, setText } from "./dom.js";

export class Removal {
  #dialog = byId("removal");
  #form = byId("removal-form");
  #id = byId("removal-id");
  #token = byId("removal-token");
  #problem = byId("removal-problem");
  #submit = byId("removal-submit");
  #cancel = byId("removal-cancel");
  #transfer = null;
  #isBusy = false;
  #on;

  /** `on.deleted(id)` once it is gone for everybody. */
  constructor(on) {
    this.#on = on;
    this.#cancel.addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("cancel", (event) => this.#isBusy && event.preventDefault());
    // Nothing secret stays in the page.
    this.#dialog.addEventListener("close", () => {
      this.#token.value = "";
      // The panel may have been drawn anew meanwhile; then the browser does not find the button that had the focus.
      document.querySelector('#panel [data-key="remove"]')?.focus();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#isBusy) this.#delete();
    });
  }

  /** Asks about the transfer `id`. */
  ask(id) {
    this.#transfer = id;
    setText(this.#id, id);
    this.#say("");
    this.#dialog.showModal();
    this.#token.focus();
  }

  async #delete() {
    this.#setBusy(true);
    this.#say("");
    try {
      await deleteTransfer(this.#transfer, this.#token.value.trim());
      this.#setBusy(false);
      this.#dialog.close();
      this.#on.deleted(this.#transfer);
    } catch (error) {
      this.#setBusy(false);
      this.#say(explain(error));
      if (error.code === "unauthorized") this.#token.setAttribute("aria-invalid", "true");
      this.#token.focus();
      this.#token.select();
    }
  }

  #setBusy(isBusy) {
    this.#isBusy = isBusy;
    this.#submit.setAttribute("aria-disabled", String(isBusy));
    this.#cancel.disabled = isBusy;
    setText(this.#submit, isBusy ? "Deleting" : "Delete for good");
  }

  #say(text) {
    setText(this.#problem, text);
    this.#token.removeAttribute("aria-invalid");
  }
}

function explain(error) {
  switch (error.code) {
    case "unauthorized":
      return "This is not the admin token of this server. Nothing was deleted.";
    case "rate_limited":
      return "Too many attempts. Nothing was deleted; wait a minute, then try again.";
    case "not_found":
      return "There is no such transfer any more.";
    case "unavailable":
      return `${error.message[0]?.toUpperCase() ?? ""}${error.message.slice(1)}.`;
    case "network":
      return "The server did not answer, so it may be deleted or not. Try again to be sure.";
    default:
      return `It did not work: ${error.message}`;
  }
}
