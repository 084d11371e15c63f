// For browsers that do not read and write the questions and answers of authenticators as JSON
// themselves (WebAuthn level 3), and password managers that do not.
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const listed = (keys) => keys?.map((key) => ({ ...key, id: bytes(key.id) }));
const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

export const read = (asked) => ({
  ...asked,
  challenge: bytes(asked.challenge),
  ...(asked.user && { user: { ...asked.user, id: bytes(asked.user.id) } }),
  ...(asked.excludeCredentials && { excludeCredentials: listed(asked.excludeCredentials) }),
  ...(asked.allowCredentials && { allowCredentials: listed(asked.allowCredentials) }),
});

export const write = (credential) => {
  const response = {};
  for (const part of PARTS) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  const transports = credential.response.getTransports?.();
  if (transports) response.transports = transports;
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
};
