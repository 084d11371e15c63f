// Recovery codes: copied, or printed. The download beside these buttons needs no script.
behave("codes", (box) => {
  const list = document.getElementById(box.dataset.from);
  const add = (icon, word, act) => {
    const button = document.createElement("button");
    const image = box.querySelector("svg").cloneNode(true);
    const use = image.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
    button.type = "button";
    button.className = "button";
    button.append(image, word);
    button.addEventListener("click", () => act(button));
    box.append(button);
  };
  const said = document.createElement("span");
  said.className = "hint";
  said.setAttribute("role", "status");
  if (navigator.clipboard) {
    add("copy", box.dataset.copy, async () => {
      const codes = [...list.children].map((code) => code.textContent.trim());
      await navigator.clipboard.writeText(codes.join("\n"));
      said.textContent = box.dataset.copied;
    });
  }
  add("print", box.dataset.print, () => print());
  box.append(said);
});
