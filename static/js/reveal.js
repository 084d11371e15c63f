// A button that shows a password. It is hidden again before it is sent, so that no browser keeps
// what was typed as ordinary text.
behave("reveal", (box) => {
  const input = box.querySelector("input");
  const button = document.createElement("button");
  const show = (shown) => {
    // The button says what it does next; pressed as well would say it twice, the other way round.
    const [word, label] = box.dataset[shown ? "hide" : "show"].split("|");
    input.type = shown ? "text" : "password";
    button.textContent = word;
    button.setAttribute("aria-label", label);
  };
  button.type = "button";
  button.className = "button quiet";
  button.setAttribute("aria-describedby", `${input.id}_label`);
  button.addEventListener("click", () => show(input.type === "password"));
  input.form?.addEventListener("submit", () => show(false));
  show(false);
  box.append(button);
});
