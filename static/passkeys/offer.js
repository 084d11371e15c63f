// To the page that offers a passkey, where this device could make one.
const place = document.querySelector("[data-offer]");
const fits = await window.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable?.();
if (fits) location.assign(place.dataset.offer);
