"""`manage.py auth_attempts purge`: what the worker does in small batches, at once and told."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts import housekeeping
from accounts.management.operator import WRONG_USAGE, OperatorCommand

MOST_AT_ONCE = 10_000


class Command(OperatorCommand):
    name = "auth_attempts purge"
    help = (
        "Deletes failed sign-ins and counts that no limit looks at any more, in batches that each"
        " hold the database shortly. The worker does the same every ten minutes: this is for after"
        " an attack, or where no worker runs. What still counts against somebody stays. Can be"
        " interrupted and started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["purge"])
        parser.add_argument("--dry-run", action="store_true", help="Count, and delete nothing.")
        parser.add_argument("--batch-size", type=int, default=housekeeping.BATCH, metavar="ROWS")
        parser.add_argument("--limit", type=int, metavar="ROWS", help="Delete no more than this.")

    def handle(self, *args: Any, **options: Any) -> None:
        batch, limit = options["batch_size"], options["limit"]
        if not 1 <= batch <= MOST_AT_ONCE or (limit is not None and limit < 0):
            raise CommandError(
                f"--batch-size takes 1 to {MOST_AT_ONCE}, --limit 0 and more. Nothing was changed.",
                returncode=WRONG_USAGE,
            )
        found = sum(rows().count() for rows in housekeeping.SPENT)
        wanted = found if limit is None else min(found, limit)
        facts: dict[str, Any] = {"dry_run": options["dry_run"]}
        if options["dry_run"]:
            facts |= {"would_delete": wanted, "deleted": 0, "kept": housekeeping.counted()}
            self.report(facts, [f"Would delete {wanted:,} rows. Nothing was deleted."])
        else:
            facts |= {"deleted": self._purge(wanted, batch), "kept": housekeeping.counted()}
            self.report(facts, [f"{facts['deleted']:,} rows deleted, {facts['kept']:,} kept."])

    def _purge(self, wanted: int, batch: int) -> int:
        """At most so many; fewer where the worker was faster."""
        gone = 0
        for rows in housekeeping.SPENT:
            while left := min(batch, wanted - gone):
                went = housekeeping.purge(rows(), left)
                if not went:
                    break
                gone += went
        return gone
