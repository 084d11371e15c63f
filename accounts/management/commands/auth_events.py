"""`manage.py auth_events verify|heads|prune|export`: whether anybody changed the trail behind our back,
what proves it outside, taking away what is old, and a copy as a file (docs/trail.md)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts.management import trail_export, trail_report
from accounts.management.alone import alone
from accounts.management.interrupts import Interrupts
from accounts.management.operator import (
    FAILED,
    PROBLEMS_FOUND,
    WRONG_USAGE,
    OperatorCommand,
    why,
)
from accounts.management.progress import Progress
from audit import trail
from audit.chain import linking, segments, verifying
from audit.chain.told import Told, read
from audit.events import Event
from audit.exporting import FORMATS
from audit.models import Entry, Segment
from audit.sealing import SealBroken

MOST_AT_ONCE = 10_000
FEWEST_DAYS = 90
# What it takes where somebody wrote into the note of the chain's end, or into its key.
SPOILED = (DatabaseError, OverflowError, TypeError, ValueError, SealBroken)
WATCHED = 100_000  # entries: so many take a second or two
MANY_WAIT = 10_000  # as long as that, where they have no place yet
NOT_OURS = "There are stretches, and none that this site can prove to be its own: verify says more."


class Command(OperatorCommand):
    name = "auth_events"
    help = (
        "verify: reads the whole chain of the trail and names each entry that was changed, removed,"
        " moved or put in from outside; with --heads also whether it still fits what was told outside."
        " heads: prints what proves the chain up to each closed stretch, to be kept elsewhere. prune:"
        " takes away whole stretches older than --days (POLICY_TRAIL_DAYS unless given), as the worker"
        " does; it can be interrupted, and the same command goes on. export: writes entries, newest"
        " first, to standard output or a new file. Exits with 0 (done, or nothing to"
        " do), 1 (failed), 2 (wrong usage), 3 (verify found something), 75 (already running), 130"
        " (interrupted)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["verify", "heads", "prune", "export"])
        said = "verify: heads that were kept outside, a line each; lines of the log as well."
        self.add_for("verify", parser, "--heads", metavar="FILE", help=said)
        prune = partial(self.add_for, "prune", parser)
        prune("--days", type=int, help="prune: keep the last so many days.")
        prune("--dry-run", action="store_true", help="prune: count, and take nothing.")
        prune("--yes", action="store_true", help="prune: do it without asking.")
        prune("--batch-size", type=int, default=2_000, metavar="ROWS", help="prune: at a time.")
        export = partial(self.add_for, "export", parser)
        export("--format", choices=sorted(FORMATS), default="json", help="export.")
        export("--from", metavar="DAY", help="export: from that day on (2026-11-28).")
        export("--to", metavar="DAY", help="export: up to that day, and with it.")
        export("--person", metavar="WHO", help="export: who acted or it was about.")
        export("--output", metavar="FILE", help="export: a file that is not there yet.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.name = f"auth_events {options['what']}"
        acts = {"verify": self._verify, "heads": self._heads, "prune": self._prune}
        if options["what"] == "export":
            trail_export.run(self, options, self._progress("Writing"))
        else:
            acts[options["what"]](options)

    # --- verify -----------------------------------------------------------------------------------

    def _verify(self, options: dict[str, Any]) -> None:
        told = self._told(options["heads"])
        heads = told.heads
        with Interrupts() as interrupts:
            self._chain(interrupts)
            with self._watched("Verifying", interrupts, WATCHED) as at:
                result = verifying.verify(
                    heads=heads, disputed=told.disputed, since=told.since, progress=at
                )
        self.report(trail_report.facts(result, heads), trail_report.lines(result, heads))
        try:
            trail.record(
                Event.TRAIL_VERIFIED,
                actor=trail.OPERATOR,
                verified=result.verified,
                found=result.found,
            )
        except SealBroken:
            self.tell(
                "That it was verified could not be written down: the key of the chain is gone."
            )
        if result.found:
            raise SystemExit(PROBLEMS_FOUND)

    def _chain(self, interrupts: Interrupts) -> None:
        """What has no place yet is looked at with the rest. Where the note of the chain's end was
        spoiled nothing gets one: what was done is named all the same."""
        waiting = Entry.objects.filter(sequence=None).count()
        with self._watched("Chaining", interrupts, MANY_WAIT) as at:
            done = 0
            try:
                while linked := linking.link():
                    done += linked
                    at(min(1.0, done / max(waiting, 1)), done)
            except SPOILED as error:
                self.tell(
                    f"What has no place yet gets none: {type(error).__name__}. The rest is verified."
                )

    @contextmanager
    def _watched(
        self, what: str, interrupts: Interrupts, least: int
    ) -> Iterator[Callable[[float, int], None]]:
        """To be called after each piece of work: shows the progress from `least` entries on, and ends
        where somebody asked for that."""
        progress = self._progress(what)

        def at(share: float, done: int) -> None:
            if done >= least:
                progress.at(share, done)
            interrupts.check()

        try:
            yield at
        finally:
            progress.close()

    def _told(self, path: str | None) -> Told:
        if path is None:
            return Told()
        try:
            told = read(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(
                f"{path} cannot be read: {why(error)}. Nothing was verified.", returncode=FAILED
            ) from None
        except UnicodeDecodeError:
            raise _no_heads(f"{path} is no text") from None
        except ValueError as error:
            raise _no_heads(f"Line {error} of {path} is no head of a trail") from None
        if not told.heads:
            raise _no_heads(f"{path} holds no head")
        return told

    # --- heads ------------------------------------------------------------------------------------

    def _heads(self, options: dict[str, Any]) -> None:
        lines = segments.lines()
        if not lines:
            none = "No stretch is closed yet."
            self.tell(NOT_OURS if Segment.objects.exists() else none)
        self.report({"heads": lines}, lines)

    # --- prune ------------------------------------------------------------------------------------

    def _prune(self, options: dict[str, Any]) -> None:
        days = settings.POLICY_TRAIL_DAYS if options["days"] is None else options["days"]
        batch = options["batch_size"]
        if days < FEWEST_DAYS or not 1 <= batch <= MOST_AT_ONCE:
            raise CommandError(
                f"--days takes {FEWEST_DAYS} and more, --batch-size 1 to {MOST_AT_ONCE}."
                " Nothing was changed.",
                returncode=WRONG_USAGE,
            )
        before = timezone.now() - timedelta(days=days)
        with alone("auth_events"):
            due = segments.due(before)
            entries = sum(one.last - one.first + 1 for one in due)
            facts = {"dry_run": options["dry_run"], "days": days, "segments": len(due)}
            if options["dry_run"]:
                would = f"{trail_report.entries(entries)} in {len(due)} stretches"
                said = f"Would take away {would}. None was."
                self.report(facts | {"entries": entries}, [said])
                return
            if due and not options["yes"]:
                self._ask(entries)
            gone = self._run(before, entries, batch)
        self.report(facts | {"entries": gone}, [f"{trail_report.entries(gone)} taken away."])

    def _ask(self, entries: int) -> None:
        self.tell(f"Takes away {trail_report.entries(entries)} of the trail for ever.")
        if self.ask("Type yes to go on: ").lower() != "yes":
            raise CommandError("Nothing was changed.", returncode=FAILED)

    def _run(self, before: Any, entries: int, batch: int) -> int:
        gone, progress = 0, self._progress("Pruning", entries)
        with Interrupts() as interrupts:
            for count in segments.prune(before, batch=batch, actor=trail.OPERATOR):
                gone += count
                if entries >= WATCHED:
                    progress.at(min(1.0, gone / entries), gone)
                interrupts.check()
        progress.close()
        return gone

    def _progress(self, what: str, total: int | None = None) -> Progress:
        def write(text: str, ending: str) -> None:
            if not (self.quiet or self.as_json):
                self.stderr.write(text, ending=ending)

        return Progress(what, "entries", write=write, on_terminal=sys.stderr.isatty(), total=total)


def _no_heads(what: str) -> CommandError:
    return CommandError(
        f"{what}. Give a file of lines as `auth_events heads` prints them, or of the log's."
        " Nothing was verified.",
        returncode=WRONG_USAGE,
    )
