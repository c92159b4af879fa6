// What a link of a mail brings is spent when somebody presses the button, and never by opening the page: a scanner of
// mails opens everything. The token is behind the #, which no server sees, and leaves the address bar at once.
"use strict";

const form = document.querySelector("form");
const outcome = document.querySelector("#outcome");
const next = document.querySelector("#next");
const heading = document.querySelector("h1");
const words = new Map([...document.querySelectorAll("#words li")].map((li) => [li.dataset.of, li]));
const brought = new URLSearchParams(location.hash.slice(1));
const token = brought.get("token");
const back = brought.get("back");
history.replaceState(null, "", location.pathname);

// A problem is told in the words of the page, as far as it has some.
function tell(problem) {
  outcome.textContent = (words.get(problem) ?? words.get("other")).textContent;
  outcome.className = problem === "done" ? "" : "bad";
}

// What the sign-up was for is an invite, or a room in which somebody sits.
function leadOn() {
  if (!/^\/(invite\/[0-9a-f]{24}\/[0-9a-f]{24}|room\/[A-Za-z0-9_-]{12})$/.test(back)) return;
  next.firstElementChild.href = back.slice(1); // below where this page is
  next.hidden = false;
}

async function send() {
  const body = { token };
  for (const input of form.querySelectorAll("input")) body[input.name] = input.value;
  const answer = await fetch(form.dataset.operation, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), credentials: "omit",
  });
  if (answer.ok) {
    form.hidden = true;
    tell("done");
    heading.textContent = document.title = words.get("done").dataset.title;
    leadOn();
    return;
  }
  const problem = await answer.json();
  if (answer.status === 410 || answer.status === 409) {
    form.hidden = true;
    leadOn(); // the account may be there, made by a press whose answer was lost
  }
  tell(problem.code);
}

if (token) {
  form.hidden = false;
  outcome.textContent = "";
} else {
  tell("incomplete");
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  outcome.textContent = "";
  try {
    await send();
  } catch {
    tell("away");
  }
  button.disabled = false;
});
