"""`manage.py createsuperuser`: in the place of Django's, which takes any password and proves no
address."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.urls import reverse

from accounts.flows import superusers
from accounts.management.operator import (
    FAILED,
    INTERRUPTED,
    WRONG_USAGE,
    OperatorCommand,
    sentences,
)
from accounts.passwords import policy


class Command(OperatorCommand):
    name = "createsuperuser"
    help = (
        "Makes an administrator with a confirmed address, under the same password rules as everybody."
        " Asks for what is missing; with --noinput takes it from DJANGO_SUPERUSER_EMAIL, _USERNAME"
        " and _PASSWORD. Exits with 0 (made), 1 (refused), 2 (wrong usage), 75 (try again)."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--username", help="Made up where it is left out.")
        parser.add_argument("--email", help="Taken as confirmed.")
        parser.add_argument(
            "--noinput", "--no-input", action="store_false", dest="interactive", help="Ask nothing."
        )
        parser.add_argument("--dry-run", action="store_true", help="Check, but make nobody.")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = self._ask(options) if options["interactive"] else _from_environment(options)
        try:
            if options["dry_run"]:
                self._only_check(*asked)
            else:
                self._create(*asked)
        except ValidationError as error:
            raise CommandError(sentences(error), returncode=FAILED) from None

    def _create(self, username: str, email: str, password: str) -> None:
        path = reverse("account_login")
        user = superusers.create(username=username, email=email, password=password)
        self.report(
            {"dry_run": False, "created": True, "username": user.username, "email": user.email},
            [
                f"Made the administrator {user.username} <{user.email}>.",
                # `make run PORT=…` tells its own settings of the port, and not ours.
                f"Sign in at {path} of the running site."
                if urlsplit(settings.SITE_URL).hostname == "localhost"
                else f"Sign in at {settings.SITE_URL}{path}",
            ],
        )

    def _only_check(self, username: str, email: str, password: str) -> None:
        email, username = superusers.check_address(email), superusers.check_username(username)
        policy.check(password, email=email, username=username)
        self.report(
            {"dry_run": True, "created": False, "username": username, "email": email},
            [f"Would make {username or '(a made-up name)'} <{email}>. Nothing was written."],
        )

    def _ask(self, options: dict[str, Any]) -> tuple[str, str, str]:
        if not sys.stdin.isatty():
            raise CommandError(
                "There is no terminal to ask on. Use --noinput with DJANGO_SUPERUSER_EMAIL and"
                " DJANGO_SUPERUSER_PASSWORD.",
                returncode=WRONG_USAGE,
            )
        try:
            username = self._until_good(
                "Username (leave empty to have one made up): ",
                superusers.check_username,
                options["username"],
            )
            email = self._until_good("Email address: ", superusers.check_address, options["email"])
            return username, email, self._ask_password(username, email)
        except EOFError:
            raise CommandError("Interrupted. Nobody was made.", returncode=INTERRUPTED) from None

    def _until_good(self, question: str, check: Callable[[str], str], given: str | None) -> str:
        while True:
            try:
                return check(input(question) if given is None else given)
            except ValidationError as error:
                self.stderr.write(sentences(error))
                given = None

    def _ask_password(self, username: str, email: str) -> str:
        advice = f"Choose a password. {' '.join(password_validators_help_texts())}"
        self.stderr.write(advice, str)  # unstyled: in red it would read like a refusal
        while True:
            password = getpass.getpass("Password: ")
            try:
                policy.check(password, username=username, email=email)
            except ValidationError as error:
                self.stderr.write(sentences(error))
                continue
            if getpass.getpass("Type the password again: ") == password:
                return password
            self.stderr.write("The two passwords do not match.")


def _from_environment(options: dict[str, Any]) -> tuple[str, str, str]:
    username = options["username"] or os.environ.get("DJANGO_SUPERUSER_USERNAME", "")
    email = options["email"] or os.environ.get("DJANGO_SUPERUSER_EMAIL", "")
    password = os.environ.get("DJANGO_SUPERUSER_PASSWORD", "")
    for value, name in (
        (email, "--email or DJANGO_SUPERUSER_EMAIL"),
        (password, "DJANGO_SUPERUSER_PASSWORD"),
    ):
        if not value:
            raise CommandError(f"--noinput needs {name}.", returncode=WRONG_USAGE)
    return username, email, password
