"use strict";

// The times of a page by the reader's own clock, also of what comes later. Without this they are there in UTC.

function tell(within) {
  for (const time of within.querySelectorAll("time:not([title])")) {
    time.title = time.textContent;
    time.textContent = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeStyle: "short" })
      .format(new Date(time.dateTime));
  }
}

// Enter in a search inside of a form searches; it is not done with the form by that.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches(".picker [type=search]")) {
    event.preventDefault();
    event.target.dispatchEvent(new Event("search"));
  }
});

// A form is sent once, however often its button is pressed, and the button shows that it is on its way. It is not
// disabled: what is, is not sent along. No page learns that the browser has stopped it, which Escape does in most: after a
// while it may be sent again anyhow.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.querySelector("button[aria-busy]")) {
    event.preventDefault();
    return;
  }
  const pressed = event.submitter?.matches(".enter") ? form.querySelector(".buttons button") : event.submitter;
  pressed?.setAttribute("aria-busy", "true");
  setTimeout(release, 10_000);
});

// Who comes back to a page finds it as it was before.
function release() {
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
}
addEventListener("pageshow", release);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") release();
});

// What a search has found so far is no answer while the next one is on its way. What is asked for again and again is.
for (const [name, busy] of [["htmx:beforeRequest", true], ["htmx:afterRequest", false]]) {
  document.addEventListener(name, ({ detail }) => {
    if (detail.elt.closest("form")) detail.target.setAttribute("aria-busy", busy);
  });
}

// Where there is no answer, what was found before is none either. Whoever was chosen already stays.
function fails({ detail: { target, xhr } }) {
  const found = target.querySelector("[id$=-found]") ?? target;
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const said = (page.querySelector(`#${target.id} .problem`) ?? page.querySelector(".problem"))?.textContent
    ?? "The server does not answer at the moment. Try again.";
  const before = found.querySelector(".problem");
  if (before?.textContent === said) return; // to say it once more would read it out once more
  for (const it of [...found.children]) if (!it.matches("[type=hidden], :has(:checked)")) it.remove();
  const problem = Object.assign(document.createElement("p"), { className: "problem", role: "alert", textContent: said });
  found.append(problem);
}
for (const name of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(name, fails);

tell(document);
document.addEventListener("htmx:afterSettle", () => tell(document));
