// How long the new password is so far; the rule itself stands in the hint.
behave("length", (box) => {
  const input = box.querySelector("input");
  const bar = document.createElement("progress");
  const text = document.createElement("p");
  const measure = () => {
    const length = [...input.value].length;
    bar.hidden = text.hidden = length === 0;
    bar.value = Math.min(length, bar.max);
    text.textContent =
      length < bar.max
        ? box.dataset.length.replace("{used}", length).replace("{least}", bar.max)
        : box.dataset.enough;
  };
  bar.max = input.minLength;
  bar.setAttribute("aria-hidden", "true");
  text.className = "hint";
  input.addEventListener("input", measure);
  measure();
  box.after(bar, text);
});
