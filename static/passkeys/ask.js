// A form that an authenticator answers: the button asks the server for a question and the device for
// the answer, and the form is posted with it, so that what follows is a page like any other. With
// data-autofill the device's passkeys also stand among the suggestions of the name field. Loaded by
// the pages that have such a form, once they stand.
const start = (form, api) => {
  const words = form.dataset;
  const button = form.querySelector("[data-asks]");
  const says = form.querySelector("[data-says]");
  const [method, parse] =
    "creates" in words
      ? ["create", "parseCreationOptionsFromJSON"]
      : ["get", "parseRequestOptionsFromJSON"];
  let waiting = null;
  let filledAt = 0;

  const answer = async (mediation) => {
    waiting?.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    const body = new URLSearchParams(new FormData(form));
    const reply = await fetch(words.begin, { method: "POST", body, signal });
    const told = reply.redirected ? { location: reply.url } : await reply.json();
    if (told.location) {
      location.assign(told.location);
      return;
    }
    if (!reply.ok) {
      if (!mediation) says.textContent = told.detail;
      return;
    }
    const byHand = () => import(words.hand);
    const publicKey = api[parse]
      ? api[parse](told.publicKey)
      : (await byHand()).read(told.publicKey);
    const made = await navigator.credentials[method]({ publicKey, mediation, signal });
    const credential = made.toJSON ? made.toJSON() : (await byHand()).write(made);
    form.elements.code.value = JSON.stringify({ ceremony: told.ceremony, credential });
    form.submit();
  };
  const fill = async () => {
    if (!("autofill" in words) || !(await api.isConditionalMediationAvailable?.())) return;
    filledAt = Date.now();
    answer("conditional").catch(() => {});
  };

  button.addEventListener("click", async () => {
    button.disabled = true;
    says.textContent = "";
    try {
      await answer();
    } catch (error) {
      // Browsers give one error for cancelled, timed out and none found (w3c/webauthn 2096).
      const known = { InvalidStateError: words.there, NotAllowedError: words.nothing };
      says.textContent = known[error.name] ?? words.failed;
      fill();
    }
    button.disabled = false;
  });
  // A question is good for five minutes; whoever comes back to the field later needs a new one.
  document.querySelector("[autocomplete~=webauthn]")?.addEventListener("focus", () => {
    if (filledAt && Date.now() - filledAt > 240_000) fill();
  });
  // An answer that comes late must not bring the cookie of a session that is none any more.
  document.addEventListener("submit", () => waiting?.abort());
  form.hidden = false;
  fill();
};

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (window.PublicKeyCredential) start(form, window.PublicKeyCredential);
  else form.parentElement.querySelector("[data-without]")?.removeAttribute("hidden");
}
