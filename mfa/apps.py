from django.apps import AppConfig


class MfaConfig(AppConfig):
    name = "mfa"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they load models.
        from accounts.lockout import budgets, registry

        registry.cover("mfa_recovery", "password", *registry.PASSWORD)
        registry.cover("mfa_recovery", "letter", budgets.RECOVERIES)
        registry.cover("mfa_recovery_code", "code", *registry.PASSWORD)
        registry.cover("mfa_recovery_stop_key", "key", budgets.LINKS)
