// A pasted code loses what came with it and gets its dash; so does one that is typed. The server takes
// every spelling anyway.
behave("code", (box) => {
  const input = box.querySelector("input");
  const grouped = input.dataset.code === "letters";
  const tidy = () => {
    const code = input.value.normalize("NFKC").replace(/[^\p{L}\p{N}]/gu, "");
    input.value = grouped ? code.replace(/^(.{4})(?=.)/, "$1-") : code;
  };
  input.addEventListener("change", tidy);
  input.addEventListener("input", (event) => {
    const pasted = event.inputType?.startsWith("insertFrom");
    if (pasted || (grouped && /^[^-]{5}$/.test(input.value))) tidy();
  });
});
