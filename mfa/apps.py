from django.apps import AppConfig


class MfaConfig(AppConfig):
    name = "mfa"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import confined
        from mfa import limits

        limits.register()
        confined.open_to_everybody(
            "mfa_recovery_stop_link", "mfa_recovery_stop_key", "mfa_recovery_stopped"
        )
        confined.open_for_proofs("mfa_reauthenticate", "mfa_passkey_step_up_begin")
