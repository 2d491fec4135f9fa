// The sign-in page: gives the token to the server and loads the page again, which the cookie then opens.
import { signIn } from "./api.js";
import { byId } from "./dom.js";

const form = byId("sign-in");
const token = byId("token");
const problem = byId("problem");
const submit = byId("submit");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (submit.disabled) return;
  submit.disabled = true;
  submit.textContent = "Signing in";
  problem.textContent = "";
  token.removeAttribute("aria-invalid");
  try {
    await signIn(token.value);
    location.reload();
  } catch (error) {
    problem.textContent = explain(error);
    token.setAttribute("aria-invalid", "true");
    submit.disabled = false;
    submit.textContent = "Sign in";
    token.focus();
    token.select();
  }
});
// Until here the form could not be sent: without this script the browser would send it in its own way.
submit.disabled = false;

function explain(error) {
  switch (error.code) {
    case "unauthorized":
      return "This is not the admin token of this server. Check it for a missing end or a space.";
    case "rate_limited":
      return "Too many attempts. Wait a minute, then try again.";
    case "network":
      return "The server cannot be reached. Check the connection, then try again.";
    default:
      return `It did not work: ${error.message}`;
  }
}
