// A likely slip in the domain of an address is asked about, never refused: one letter too few, too
// many, wrong or swapped in the name of a large mail provider.
behave("typo", (box) => {
  const names =
    "gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk yahoo.com yahoo.co.uk icloud.com" +
    " protonmail.com proton.me t-online.de wanadoo.fr laposte.net yandex.ru";
  const providers = names.split(" ");
  const right = [...providers, "mail.com", "ymail.com", "email.com"];
  const near = (a, b) => {
    if (Math.abs(a.length - b.length) > 1) return false;
    let start = 0;
    while (a[start] === b[start]) start += 1;
    const [restA, restB] = [a.slice(start), b.slice(start)];
    return (
      restA.slice(1) === restB.slice(1) ||
      restA.slice(1) === restB ||
      restA === restB.slice(1) ||
      (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2))
    );
  };
  const input = box.querySelector("input");
  const notice = document.createElement("div");
  const question = document.createElement("p");
  const address = document.createElement("bdi");
  const buttons = document.createElement("div");
  const kept = new Set();
  let better = "";
  const choose = (word, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.textContent = word;
    button.addEventListener("click", () => {
      act();
      notice.replaceChildren();
      input.focus();
    });
    return button;
  };
  notice.className = "stack tight";
  notice.setAttribute("aria-live", "polite");
  question.className = "hint";
  buttons.className = "buttons";
  buttons.append(
    choose(box.dataset.use, () => (input.value = better)),
    choose(box.dataset.keep, () => kept.add(input.value)),
  );
  input.addEventListener("change", () => {
    const [, name, domain] = input.value.trim().match(/^(.+)@([^@]+)$/) ?? [];
    const typed = domain?.toLowerCase() ?? "";
    const likely = right.includes(typed) ? "" : providers.find((one) => near(one, typed));
    better = likely && !kept.has(input.value) ? `${name}@${likely}` : "";
    const [before, after] = box.dataset.typo.split("{address}");
    address.textContent = better;
    question.replaceChildren(before, address, after);
    notice.replaceChildren(...(better ? [question, buttons] : []));
  });
  box.append(notice);
});
