// Moments of people who never chose a time zone are shown in their browser's.
behave("local-time", (text) => {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "long",
    timeStyle: "short",
  });
  for (const time of text.querySelectorAll("time")) {
    time.textContent = format.format(new Date(time.dateTime));
  }
});
