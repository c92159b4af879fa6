// The times of a page by the reader's own clock, also of what comes later. Without this they are there in UTC.
"use strict";

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

tell(document);
document.addEventListener("htmx:afterSettle", () => tell(document));
