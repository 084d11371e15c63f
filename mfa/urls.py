"""Everything under /accounts/mfa/."""

from django.urls import path

from mfa.views import (
    app,
    help,
    passkey_offer,
    passkey_proofs,
    passkeys,
    recovery_codes,
    required,
    second_step,
    security,
    sent,
    step_up,
    trusted,
)

urlpatterns = [
    path("", security.security, name="mfa_security"),
    path("authenticate/", second_step.authenticate, name="mfa_authenticate"),
    path("reauthenticate/", step_up.reauthenticate, name="mfa_reauthenticate"),
    path("totp/activate/", app.activate, name="mfa_app_activate"),
    path("totp/deactivate/", app.deactivate, name="mfa_app_deactivate"),
    path("webauthn/", passkeys.page, name="mfa_passkeys"),
    path("webauthn/add/", passkeys.add, name="mfa_passkey_add"),
    path("webauthn/add/begin/", passkeys.ask_to_add, name="mfa_passkey_add_begin"),
    path("webauthn/keys/<int:pk>/edit/", passkeys.edit, name="mfa_passkey_edit"),
    path("webauthn/keys/<int:pk>/remove/", passkeys.remove, name="mfa_passkey_remove"),
    path("webauthn/login/", passkey_proofs.sign_in, name="mfa_passkey_sign_in"),
    path("webauthn/login/begin/", passkey_proofs.ask_to_sign_in, name="mfa_passkey_sign_in_begin"),
    path(
        "webauthn/authenticate/begin/",
        passkey_proofs.ask_for_second_step,
        name="mfa_passkey_second_step_begin",
    ),
    path(
        "webauthn/reauthenticate/begin/",
        passkey_proofs.ask_for_step_up,
        name="mfa_passkey_step_up_begin",
    ),
    path("webauthn/offer/", passkey_offer.offer, name="mfa_passkey_offer"),
    path("recovery-codes/", recovery_codes.recovery_codes_page, name="mfa_recovery_codes"),
    path("recovery-codes/generate/", recovery_codes.generate, name="mfa_recovery_codes_generate"),
    path("recovery-codes/download/", recovery_codes.download, name="mfa_recovery_codes_download"),
    path("sms/activate/", sent.texted_on, name="mfa_texted_on"),
    path("sms/deactivate/", sent.texted_off, name="mfa_texted_off"),
    path("email/activate/", sent.mailed_on, name="mfa_mailed_on"),
    path("email/deactivate/", sent.mailed_off, name="mfa_mailed_off"),
    path("trusted/", trusted.browsers, name="mfa_trusted"),
    path("help/", help.page, name="mfa_help"),
    path("required/", required.required, name="mfa_required"),
]
