// Moments of people who never chose a time zone are shown in their browser's, written as the server
// writes them: its English puts the day first.
behave("local-time", (text) => {
  const language = document.documentElement.lang.replace(/^en$/, "en-GB");
  const date = new Intl.DateTimeFormat(language, { dateStyle: "long" });
  const time = new Intl.DateTimeFormat(language, { timeStyle: "short" });
  for (const moment of text.querySelectorAll("time")) {
    const at = new Date(moment.dateTime);
    moment.textContent =
      moment.dataset.only === "time"
        ? time.format(at)
        : text.dataset.text.replace("{date}", date.format(at)).replace("{time}", time.format(at));
  }
});
