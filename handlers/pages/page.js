// The times of a page by the reader's own clock. Without this they are there in UTC.
"use strict";

for (const time of document.querySelectorAll("time")) {
  time.title = time.textContent;
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" })
    .format(new Date(time.dateTime));
}
