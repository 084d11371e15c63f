"""`manage.py auth_exports build`: builds the copies of their data that people asked for, at once and
told."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.exports import building
from accounts.exports.building import Report
from accounts.management.alone import alone
from accounts.management.interrupts import Interrupts
from accounts.management.operator import PARTLY, WRONG_USAGE, OperatorCommand


class Command(OperatorCommand):
    name = "auth_exports build"
    help = (
        "Builds the copies of their data that people asked for, and writes to them. The worker does the"
        " same within seconds: this is for where none runs, or to see what fails. It stops between two"
        " copies. Exits with 0 (done or nothing to do), 2 (wrong usage), 4 (some failed), 75"
        " (already running), 130 (interrupted)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["build"])
        parser.add_argument("--dry-run", action="store_true", help="Count, and build nothing.")
        parser.add_argument("--limit", type=int, metavar="COPIES", help="Build no more than this.")

    def handle(self, *args: Any, **options: Any) -> None:
        limit = options["limit"]
        if limit is not None and limit < 0:
            raise CommandError(
                "--limit takes 0 and more. Nothing was changed.", returncode=WRONG_USAGE
            )
        with alone("auth_exports"):
            due = building.due().count()
            due = due if limit is None else min(due, limit)
            if options["dry_run"]:
                facts = {"dry_run": True, "due": due, **_facts(Report())}
                self.report(facts, [f"Would build {_copies(due)}. Nothing was built."])
                return
            report = self._run(limit)
        self.report({"dry_run": False, "due": due, **_facts(report)}, _lines(report))
        if report.again or report.failed:
            raise SystemExit(PARTLY)

    def _run(self, limit: int | None) -> Report:
        """One copy after the other, so that it is stopped between two of them."""
        whole = Report()
        with Interrupts() as interrupts:
            while limit is None or whole.total < limit:
                one = building.drain(limit=1)
                if not one.total:
                    break
                whole.built += one.built
                whole.again += one.again
                whole.failed += one.failed
                interrupts.check()
        return whole


def _facts(report: Report) -> dict[str, int]:
    return {"built": report.built, "again": report.again, "failed": report.failed}


def _lines(report: Report) -> list[str]:
    lines = [f"{_copies(report.built)} built."]
    if report.again:
        lines.append(f"{_copies(report.again)} failed and will be tried again.")
    if report.failed:
        lines.append(f"{_copies(report.failed)} given up: the log says where it failed.")
    return lines


def _copies(count: int) -> str:
    return "1 copy" if count == 1 else f"{count:,} copies"
