// What a link of a mail brings is spent when somebody presses the button, and never by opening the page: a scanner of
// mails opens everything. The token is behind the #, which no server sees, and leaves the address bar at once.
"use strict";

const form = document.querySelector("form");
const outcome = document.querySelector("#outcome");
const next = document.querySelector("#next");
const brought = new URLSearchParams(location.hash.slice(1));
const token = brought.get("token");
const back = brought.get("back");
history.replaceState(null, "", location.pathname);

function say(text, bad) {
  outcome.textContent = text;
  outcome.className = bad ? "bad" : "";
}

async function send() {
  const body = { token };
  for (const input of form.querySelectorAll("input")) body[input.name] = input.value;
  const answer = await fetch(form.dataset.operation, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), credentials: "omit",
  });
  if (answer.ok) {
    form.hidden = true;
    say(outcome.dataset.done);
    if (/^\/invite\/[0-9a-f]{24}\/[0-9a-f]{24}$/.test(back)) {
      next.href = back.slice(1); // below where this page is
      next.hidden = false;
    }
    return;
  }
  const problem = await answer.json();
  if (answer.status === 410 || answer.status === 409) form.hidden = true;
  say(answer.status === 410 ? "This link is not good any more: it was used, a newer one has taken its place, or it has expired." : problem.detail, true);
}

if (token) {
  form.hidden = false;
  say("");
} else {
  say("The address of this page is not whole. Open the link from the mail once more.", true);
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  say("");
  try {
    await send();
  } catch {
    say("The server can't be reached. Try again in a moment.", true);
  }
  button.disabled = false;
});
