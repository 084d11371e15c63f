// Password managers hear which passkeys this site knows, or of one that it does not.
for (const place of document.querySelectorAll("[data-tells]")) {
  const { site: rpId, handle: userId, ids, unknown: credentialId } = place.dataset;
  const api = window.PublicKeyCredential;
  const told = credentialId
    ? api?.signalUnknownCredential?.({ rpId, credentialId })
    : api?.signalAllAcceptedCredentials?.({
        rpId,
        userId,
        allAcceptedCredentialIds: ids.split(" ").filter(Boolean),
      });
  told?.catch(() => {});
}
