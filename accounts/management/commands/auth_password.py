"""`manage.py auth_password demand PERSON --reason WHY`: a new password at the next sign-in."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.errors import CredentialsMoved
from accounts.flows import password_demands
from accounts.management.operator import FAILED, TRY_LATER, WHO, OperatorCommand, somebody


class Command(OperatorCommand):
    name = "auth_password demand"
    help = (
        "Demands a new password of somebody, where strangers may know the one they have: ends their"
        " sessions, tells them by letter, and asks at the next sign-in. Exits with 0 (done), 1 (no"
        " such person, or one without a password), 2 (wrong usage), 75 (try again)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["demand"])
        parser.add_argument("person", help=WHO)
        parser.add_argument("--reason", required=True, help="Kept in the trail, and in the letter.")
        parser.add_argument("--dry-run", action="store_true", help="Check, but change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        reason = self.reason(options)
        person = somebody(options["person"])
        if person is None or not password_demands.is_possible(person):
            raise CommandError(
                "Nobody with this name has a password that could be changed.", returncode=FAILED
            )
        open_sessions = person.sessions.count()
        if not options["dry_run"]:
            try:
                password_demands.by_operator(person, reason=reason)
            except CredentialsMoved:
                raise CommandError(
                    "The account was changed in this moment. Try again.", returncode=TRY_LATER
                ) from None
        did = "Would end" if options["dry_run"] else "Ended"
        end = " Nothing was written." if options["dry_run"] else " The letter waits to be sent."
        self.report(
            {"dry_run": options["dry_run"], "person": person.username, "sessions": open_sessions},
            [
                f"{did} {open_sessions} sessions of {person.username} <{person.email}>, who must"
                f" choose a new password at the next sign-in.{end}"
            ],
        )
