// What is shown once – recovery codes, the key of an app – copied, or printed where that helps. What
// stands beside these buttons needs no script.
behave("codes", (box) => {
  const from = document.getElementById(box.dataset.from);
  const add = (icon, word, act) => {
    const button = document.createElement("button");
    const image = document.querySelector("main svg.icon").cloneNode(true);
    const use = image.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
    image.setAttribute("class", "icon");
    button.type = "button";
    button.className = "button";
    button.append(image, word);
    button.addEventListener("click", act);
    box.append(button);
  };
  const said = document.createElement("span");
  said.className = "hint";
  said.setAttribute("role", "status");
  if (navigator.clipboard) {
    add("copy", box.dataset.copy, async () => {
      // The key is shown in groups for reading, and is one word for an app.
      const lines = [...from.children].map((line) => line.textContent.trim());
      const text = lines.join("\n") || from.textContent.replace(/\s/g, "");
      await navigator.clipboard.writeText(text);
      said.textContent = box.dataset.copied;
    });
  }
  if (box.dataset.print) add("print", box.dataset.print, () => print());
  box.append(said);
});
