// Says how long until another letter may be asked for. Nothing is locked and no focus is moved.
behave("countdown", (line) => {
  const format = new Intl.NumberFormat(document.documentElement.lang, {
    style: "unit",
    unit: "second",
    unitDisplay: "long",
  });
  const end = Date.now() + Number(line.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    line.hidden = left <= 0;
    line.textContent = line.dataset.text.replace("{time}", format.format(left));
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
});
