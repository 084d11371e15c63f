// A button that shows a password. It is hidden again before it is sent, so that no browser keeps
// what was typed as ordinary text.
behave("reveal", (box) => {
  const input = box.querySelector("input");
  const button = document.createElement("button");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.type = "button";
  button.className = "button quiet";
  button.textContent = box.dataset.show;
  button.setAttribute("aria-label", box.dataset.label);
  button.setAttribute("aria-describedby", `${input.id}_label`);
  button.addEventListener("click", () => show(input.type === "password"));
  input.form?.addEventListener("submit", () => show(false));
  show(false);
  box.append(button);
});
