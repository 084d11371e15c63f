"""`manage.py changepassword`: refused. Nobody but their owner chooses a password (ASVS 6.4.6)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Stands in the place of Django's, which would leave no row in the trail and tell nobody."""

    help = "Refused: people choose their own passwords, by the reset letter."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?")
        parser.add_argument("--database", default="default")

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            "Passwords are chosen by their owners. Ask for a reset letter at /accounts/password/reset/"
            " or send one from the staff desk; without any way in, make another administrator with"
            " createsuperuser."
        )
