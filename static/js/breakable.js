// An email address breaks before the @ or a dot where a line is short, not inside a word. By script, so
// that the page as it arrives holds it in one piece.
for (const text of document.querySelectorAll("bdi")) {
  if (text.childElementCount || !text.textContent.includes("@")) continue;
  const parts = text.textContent.split(/(?=[@.])/);
  text.replaceChildren(...parts.flatMap((part) => [part, document.createElement("wbr")]).slice(0, -1));
}
