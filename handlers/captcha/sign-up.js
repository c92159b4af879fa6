// The captcha of the form to sign up: work for this browser, done when the form is sent, about which nobody is asked.
import "./altcha.js";

$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("pbkdf2.js", import.meta.url)));

const working = document.querySelector("#working");
const failed = document.querySelector("#failed");

document.querySelector("altcha-widget").addEventListener("statechange", ({ detail: { state } }) => {
  working.hidden = state !== "verifying";
  failed.hidden = state !== "error";
});
