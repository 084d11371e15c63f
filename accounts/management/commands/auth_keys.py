"""`manage.py auth_keys list|rotate`: what hangs on each key of FIELD_KEYS, and moving it to the one
that seals now (docs/operations.md)."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from functools import partial
from typing import Any

from django.core.management.base import CommandError

from accounts.management.alone import alone
from accounts.management.interrupts import Interrupts
from accounts.management.operator import (
    FAILED,
    INTERRUPTED,
    PARTLY,
    PROBLEMS_FOUND,
    WRONG_USAGE,
    OperatorCommand,
)
from accounts.management.progress import Progress
from audit import sealing
from audit.facts import inert
from audit.keyring import Keyring
from audit.resealing import BATCH, Resealing
from audit.sealed import SealedColumn

MOST_AT_ONCE = 10_000
MOST_NAMED = 100  # values that do not open
WATCHED = 1_000  # so many take a second


class Command(OperatorCommand):
    name = "auth_keys"
    help = (
        "list: what each key of FIELD_KEYS seals, and what else hangs on it. rotate: seals all that"
        " lies under older keys anew under the first one, in small steps while the site runs; it can"
        " be interrupted, and the same command goes on. No key is ever shown. Exits with 0 (done, or"
        " nothing to do), 1 (failed), 2 (wrong usage), 3 (list or a dry run found values that do not"
        " open), 4 (some values were not moved), 75 (it is already running), 130 (interrupted)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["list", "rotate"])
        rotate = partial(self.add_for, "rotate", parser)
        rotate("--dry-run", action="store_true", help="rotate: open all, write nothing.")
        rotate("--yes", action="store_true", help="rotate: do not ask before writing.")
        rotate("--batch-size", type=int, default=BATCH, metavar="ROWS")
        rotate("--limit", type=int, metavar="ROWS", help="rotate: move no more than this.")

    def handle(self, *args: Any, **options: Any) -> None:
        what, batch, limit = options["what"], options["batch_size"], options["limit"]
        self.name = f"auth_keys {what}"
        if not 1 <= batch <= MOST_AT_ONCE or (limit is not None and limit < 0):
            raise CommandError(
                f"--batch-size takes 1 to {MOST_AT_ONCE}, --limit 0 and more. Nothing was changed.",
                returncode=WRONG_USAGE,
            )
        if what == "list":
            self._list()
            return
        self.failures: list[str] = []
        with ExitStack() as held:
            if not options["dry_run"]:
                self._lock(held)
            self._rotate(options)

    # --- list -------------------------------------------------------------------------------------

    def _list(self) -> None:
        ring = Keyring()
        self.report({"dry_run": False, **ring.facts()}, ring.lines())
        if ring.strangers():
            raise SystemExit(PROBLEMS_FOUND)

    # --- rotate -----------------------------------------------------------------------------------

    def _lock(self, held: ExitStack) -> None:
        try:
            held.enter_context(alone("auth_keys"))
        except OSError as error:
            raise CommandError(
                f"{error.strerror}: {error.filename}. Nothing was changed.", returncode=FAILED
            ) from None

    def _rotate(self, options: dict[str, Any]) -> None:
        before = Keyring()
        total = before.stale()
        if options["limit"] is not None:
            total = min(total, options["limit"])
        if total and not (options["dry_run"] or options["yes"]):
            self._ask(before, total)
        progress = Progress(
            "Re-encrypting",
            "secrets",
            write=self._write_progress if total >= WATCHED else lambda text, ending: None,
            on_terminal=sys.stderr.isatty(),
            total=total,
        )
        interrupts = Interrupts()

        def told(run: Resealing) -> None:
            progress.at(min(1.0, run.looked_at / max(1, total)), run.looked_at)
            interrupts.check()

        run = Resealing(
            batch=options["batch_size"],
            limit=options["limit"],
            dry_run=options["dry_run"],
            told=told,
            broken=self._note_failure,
        )
        try:
            with interrupts:
                run.run()
        except KeyboardInterrupt:
            progress.close()
            self._end_interrupted(run)
        except sealing.SealBroken:
            raise CommandError(
                f"{run.resealed:,} re-encrypted. The trail could not be told: its key of this month"
                " does not open. A key is missing from FIELD_KEYS.",
                returncode=FAILED,
            ) from None
        finally:
            progress.close()
        self._say_done(run, before)

    def _ask(self, before: Keyring, total: int) -> None:
        self.tell(f"Re-encrypts {_secrets(total)} from {before.older_names()} to {before.active}.")
        if self.ask("Type yes to go on: ").lower() != "yes":
            raise CommandError("Nothing was changed.", returncode=FAILED)

    def _write_progress(self, text: str, ending: str) -> None:
        if not (self.quiet or self.as_json):
            self.stderr.write(text, ending=ending)

    def _note_failure(self, column: SealedColumn, pk: Any) -> None:
        if len(self.failures) < MOST_NAMED:
            self.failures.append(f"{column} of {inert(str(pk))}")

    def _end_interrupted(self, run: Resealing) -> None:
        if self.as_json:
            self.report(self._facts(run) | {"interrupted": True}, [])
        said = "Nothing was written" if run.dry_run else f"{run.resealed:,} re-encrypted"
        raise CommandError(
            f"Interrupted. {said}; the same command goes on from here.", returncode=INTERRUPTED
        )

    def _say_done(self, run: Resealing, before: Keyring) -> None:
        for failure in self.failures:
            self.tell(f"Does not open: {failure}")
        if run.failed > len(self.failures):
            self.tell(f"And {run.failed - len(self.failures):,} more.")
        after = before if run.dry_run else Keyring()
        facts = self._facts(run) | {"interrupted": False, **after.facts()}
        self.report(facts, [_sentence(run, before, self.started), *_left(run, after)])
        if run.dry_run and run.failed:
            raise SystemExit(PROBLEMS_FOUND)
        if not run.dry_run and (run.failed or (after.stale() and not run.limited)):
            raise SystemExit(PARTLY)

    def _facts(self, run: Resealing) -> dict[str, Any]:
        return {
            "dry_run": run.dry_run,
            **({"would_reseal": run.resealed} if run.dry_run else {}),
            "resealed": 0 if run.dry_run else run.resealed,
            "failed": run.failed,
            "overtaken": run.overtaken,
            "failures": self.failures,
        }


def _sentence(run: Resealing, before: Keyring, started: float) -> str:
    failed = f" {run.failed:,} do not open." if run.failed else ""
    if not run.looked_at:
        return f"Nothing to do: nothing is sealed under a key older than {before.active}."
    if run.dry_run:
        return (
            f"Would re-encrypt {_secrets(run.resealed)} from {before.older_names()} to"
            f" {before.active} in {before.batches(run.batch, run.limit):,} batches.{failed}"
            " Nothing was written."
        )
    gone = f", {run.overtaken:,} changed meanwhile" if run.overtaken else ""
    took = time.monotonic() - started
    return f"Done: {run.resealed:,} re-encrypted, {run.failed:,} failed{gone}, {took:,.1f} s."


def _left(run: Resealing, after: Keyring) -> list[str]:
    """What still hangs on the older keys."""
    if run.dry_run:
        return []
    lines = after.advice()
    left = after.stale()
    if run.limited:
        lines.append(f"{_secrets(left)} left: the same command goes on.")
    elif left > run.failed:
        lines.append(
            f"{_secrets(left - run.failed)} came under an older key meanwhile: a process still runs"
            " with the former FIELD_KEYS. Restart it, and run this again."
        )
    return lines


def _secrets(count: int) -> str:
    return f"{count:,} secret{'' if count == 1 else 's'}"
