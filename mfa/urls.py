"""Everything under /accounts/mfa/."""

from django.urls import path

from mfa.views import (
    app,
    help,
    recovery,
    recovery_codes,
    recovery_enrolment,
    recovery_stop,
    required,
    second_step,
    security,
    step_up,
)

urlpatterns = [
    path("", security.security, name="mfa_security"),
    path("authenticate/", second_step.authenticate, name="mfa_authenticate"),
    path("reauthenticate/", step_up.reauthenticate, name="mfa_reauthenticate"),
    path("totp/activate/", app.activate, name="mfa_app_activate"),
    path("totp/deactivate/", app.deactivate, name="mfa_app_deactivate"),
    path("recovery-codes/", recovery_codes.recovery_codes_page, name="mfa_recovery_codes"),
    path("recovery-codes/generate/", recovery_codes.generate, name="mfa_recovery_codes_generate"),
    path("recovery-codes/download/", recovery_codes.download, name="mfa_recovery_codes_download"),
    path("help/", help.page, name="mfa_help"),
    path("recovery/", recovery.ask, name="mfa_recovery"),
    path("recovery/code/", recovery.code, name="mfa_recovery_code"),
    path("recovery/asked/", recovery.asked, name="mfa_recovery_asked"),
    path("recovery/app/", recovery_enrolment.app, name="mfa_recovery_app"),
    path("recovery/finish/", recovery_enrolment.finish, name="mfa_recovery_finish"),
    path("recovery/download/", recovery_enrolment.download, name="mfa_recovery_download"),
    path("recovery/stop/", recovery_stop.own, name="mfa_recovery_stop"),
    path("recovery/stopped/", recovery_stop.stopped, name="mfa_recovery_stopped"),
    path("reset/stop/", recovery_stop.link, name="mfa_recovery_stop_link"),
    path("reset/stop/<str:key>/", recovery_stop.open_link, name="mfa_recovery_stop_key"),
    path("required/", required.required, name="mfa_required"),
]
