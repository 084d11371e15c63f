"""`manage.py auth_deletions run`: erases the accounts whose day has come, at once and told."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import CommandError

from accounts.flows import erasing
from accounts.flows.erasing import Outcome
from accounts.management.alone import alone
from accounts.management.interrupts import Interrupts
from accounts.management.operator import PARTLY, WRONG_USAGE, OperatorCommand
from accounts.management.progress import Progress

MOST_AT_ONCE = 10_000


class Command(OperatorCommand):
    name = "auth_deletions run"
    help = (
        "Erases the accounts whose owners asked for it and let the days pass. The worker does the"
        " same, a few at a time: this is for many, or where no worker runs. Each account goes whole"
        " or not at all, so it can be interrupted and started again. Exits with 0 (done or nothing to"
        " do), 2 (wrong usage), 4 (some stayed: it failed, or it is the last administrator), 75"
        " (already running), 130 (interrupted)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["run"])
        parser.add_argument("--dry-run", action="store_true", help="Count, and erase nothing.")
        parser.add_argument("--yes", action="store_true", help="Do it without asking.")
        parser.add_argument("--batch-size", type=int, default=100, metavar="PEOPLE")
        parser.add_argument("--limit", type=int, metavar="PEOPLE", help="Erase no more than this.")

    def handle(self, *args: Any, **options: Any) -> None:
        batch, limit = options["batch_size"], options["limit"]
        if not 1 <= batch <= MOST_AT_ONCE or (limit is not None and limit < 0):
            raise CommandError(
                f"--batch-size takes 1 to {MOST_AT_ONCE}, --limit 0 and more. Nothing was changed.",
                returncode=WRONG_USAGE,
            )
        with alone("auth_deletions"):
            people = erasing.due(limit)
            if options["dry_run"]:
                facts = {"dry_run": True, "due": len(people), **_facts(Counter())}
                self.report(facts, [f"Would erase {_accounts(len(people))}. Nothing was erased."])
                return
            if people and not options["yes"]:
                self._confirm(len(people))
            outcomes = self._run(people, batch)
        self.report({"dry_run": False, "due": len(people), **_facts(outcomes)}, [*_lines(outcomes)])
        if outcomes[Outcome.FAILED] or outcomes[Outcome.LAST_ADMINISTRATOR]:
            raise SystemExit(PARTLY)

    def _confirm(self, count: int) -> None:
        typed = self.ask(f"Erases {_accounts(count)} for ever. Type how many it are to go on: ")
        if typed != str(count):
            raise CommandError("That is another number. Nothing was erased.", returncode=1)

    def _run(self, people: list[int], batch: int) -> Counter[Outcome]:
        outcomes: Counter[Outcome] = Counter()
        progress = Progress(
            "Erasing",
            "accounts",
            write=lambda line, ending: self.stderr.write(line, ending=ending),
            on_terminal=sys.stderr.isatty() and not self.as_json,
            total=len(people),
        )
        is_told = not (self.quiet or self.as_json)
        with Interrupts() as interrupts:
            for start in range(0, len(people), batch):
                if is_told:
                    progress.at(start / len(people), start)
                for _pk, outcome in erasing.erase_each(people[start : start + batch]):
                    outcomes[outcome] += 1
                    interrupts.check()
        progress.close()
        return outcomes


def _facts(outcomes: Counter[Outcome]) -> dict[str, int]:
    return {outcome.value: outcomes[outcome] for outcome in Outcome}


def _lines(outcomes: Counter[Outcome]) -> list[str]:
    lines = [f"{_accounts(outcomes[Outcome.ERASED])} erased."]
    if kept := outcomes[Outcome.KEPT]:
        lines.append(f"{_accounts(kept)} kept by their owner or by staff meanwhile.")
    if outcomes[Outcome.LAST_ADMINISTRATOR]:
        lines.append("1 account waits: its owner is the last administrator.")
    if failed := outcomes[Outcome.FAILED]:
        lines.append(f"{_accounts(failed)} could not be erased: the log says where it failed.")
    return lines


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count:,} accounts"
