// The times of a page by the reader's own clock, also of what comes later. Without this they are there in UTC.
"use strict";

function tell(within) {
  for (const time of within.querySelectorAll("time:not([title])")) {
    time.title = time.textContent;
    time.textContent = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeStyle: "short" })
      .format(new Date(time.dateTime));
  }
}

tell(document);
document.addEventListener("htmx:afterSettle", () => tell(document));
