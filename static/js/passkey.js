// A form that an authenticator answers: the button asks the server for a question, the device for the
// answer, and the form is posted with it, so that what follows is a page like any other. With
// data-autofill the device's passkeys also stand among the suggestions of the name field.
behave("passkey", (form) => {
  const publicKey = window.PublicKeyCredential;
  const missing = form.parentElement.querySelector("[data-without]");
  if (!publicKey) {
    if (missing) missing.hidden = false;
    return;
  }
  const { begin, nothing, there, failed } = form.dataset;
  const button = form.querySelector("[data-asks]");
  const says = form.querySelector("[data-says]");
  const isNew = "creates" in form.dataset;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  // By hand for browsers that cannot read and write such questions as JSON themselves.
  const listed = (keys = []) => keys.map((key) => ({ ...key, id: bytes(key.id) }));
  const read = (asked) => {
    const parse = isNew ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
    if (publicKey[parse]) return publicKey[parse](asked);
    const challenge = bytes(asked.challenge);
    return isNew
      ? {
          ...asked,
          challenge,
          user: { ...asked.user, id: bytes(asked.user.id) },
          excludeCredentials: listed(asked.excludeCredentials),
        }
      : { ...asked, challenge, allowCredentials: listed(asked.allowCredentials) };
  };
  const write = (credential) => {
    if (credential.toJSON) return credential.toJSON();
    const { response } = credential;
    const said = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[part]) said[part] = text(response[part]);
    }
    if (response.getTransports) said.transports = response.getTransports();
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: said,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  };
  const ask = async (signal) => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(begin, { method: "POST", body, signal });
    if (answer.redirected) {
      location.assign(answer.url);
      return null;
    }
    const told = await answer.json();
    if (told.location) location.assign(told.location);
    else if (!answer.ok) says.textContent = told.detail;
    return answer.ok ? told : null;
  };
  let waiting = null;
  const answered = async (mediation) => {
    waiting?.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    const question = await ask(signal);
    if (!question || signal.aborted) return;
    const wanted = { publicKey: read(question.publicKey), signal, ...(mediation && { mediation }) };
    const credential = await navigator.credentials[isNew ? "create" : "get"](wanted);
    form.elements.code.value = JSON.stringify({
      ceremony: question.ceremony,
      credential: write(credential),
    });
    form.submit();
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    says.textContent = "";
    try {
      await answered();
    } catch (error) {
      // One error for cancelled, timed out and none found (w3c/webauthn 2096).
      const known = { InvalidStateError: there, NotAllowedError: nothing, AbortError: nothing };
      says.textContent = known[error.name] ?? failed;
      fill();
    }
    button.disabled = false;
  });
  // A question is good for five minutes; whoever comes back to the field later needs a new one.
  let filledAt = 0;
  const fill = async () => {
    if (!("autofill" in form.dataset) || !(await publicKey.isConditionalMediationAvailable?.())) return;
    filledAt = Date.now();
    answered("conditional").catch(() => {});
  };
  document.querySelector("[autocomplete~=webauthn]")?.addEventListener("focus", () => {
    if (Date.now() - filledAt > 240_000) fill();
  });
  // An answer that comes late must not bring the cookie of a session that is none any more.
  document.addEventListener("submit", () => waiting?.abort());
  form.hidden = false;
  fill();
});
// Password managers hear which passkeys this site knows, and which it does not.
behave("passkey-signal", (place) => {
  const { site: rpId, handle: userId, ids, unknown: credentialId } = place.dataset;
  const signal = window.PublicKeyCredential;
  const told = credentialId
    ? signal?.signalUnknownCredential?.({ rpId, credentialId })
    : signal?.signalAllAcceptedCredentials?.({
        rpId,
        userId,
        allAcceptedCredentialIds: ids.split(" ").filter(Boolean),
      });
  told?.catch(() => {});
});
// The page that offers a passkey, where this device could make one.
behave("passkey-offer", async (place) => {
  const fits = window.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable;
  if (await fits?.call(PublicKeyCredential).catch(() => false)) location.assign(place.dataset.offer);
});
