from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register

from accounts.passwords import peppers
from audit.sealing import parse_ring
from authsite import (  # noqa: F401 - write the rules down
    checks,
    checks_passwords,
    checks_places,
    checks_texts,
    checks_ways_in,
)
from authsite.rules import deploy_checks


class AuthsiteConfig(AppConfig):
    name = "authsite"

    def ready(self) -> None:
        register(deploy_checks, Tags.security, deploy=True)
        # In every process, also where no check runs: a ring that does not parse stops the start.
        parse_ring(settings.FIELD_KEYS)
        peppers.ring()
