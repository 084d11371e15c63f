"""`manage.py auth_breached load FILE|check`: the set of passwords known from data breaches."""

from __future__ import annotations

import getpass
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from accounts.management.operator import (
    FAILED,
    INTERRUPTED,
    PROBLEMS_FOUND,
    TRY_LATER,
    WRONG_USAGE,
    OperatorCommand,
)
from accounts.management.progress import Progress
from accounts.passwords import breached, breached_load, breached_sources
from accounts.passwords.breached import BreachedFile, Unusable
from accounts.passwords.breached_load import Tally


class Command(OperatorCommand):
    name = "auth_breached"
    help = (
        "load FILE: makes the set from a Pwned Passwords file (SHA-1, ordered by hash; plain or"
        " gzip), or from a folder of ranges. Goes on where it was interrupted. check: says what is"
        " loaded, and on a terminal whether a password you type is in it. Exits with 0, 1 (failed),"
        " 2 (wrong usage), 3 (check found a problem), 75 (another load is under way), 130"
        " (interrupted)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["load", "check"])
        parser.add_argument("file", nargs="?", help="What to load.")
        load, check = partial(self.add_for, "load", parser), partial(self.add_for, "check", parser)
        load(
            "--least",
            type=_count,
            default=1,
            help="load: leave out passwords that were seen fewer times (default 1: take all).",
        )
        load("--anew", action="store_true", help="load: begin again; do not go on.")
        load("--dry-run", action="store_true", help="load: read it all, write nothing.")
        check("--full", action="store_true", help="check: read every entry.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.name = f"auth_breached {options['what']}"
        if not settings.BREACHED_PASSWORDS_FILE:
            raise CommandError("BREACHED_PASSWORDS_FILE is empty.", returncode=WRONG_USAGE)
        self.target = Path(settings.BREACHED_PASSWORDS_FILE)
        if (options["what"] == "load") == (options["file"] is None):
            raise CommandError("Give the file to load, and none to check.", returncode=WRONG_USAGE)
        self._load(options) if options["what"] == "load" else self._check(options["full"])

    # --- load -------------------------------------------------------------------------------------

    def _load(self, options: dict[str, Any]) -> None:
        progress = self._progress("Reading", "lines")
        self.taken_up = 0
        try:
            source = breached_sources.source_at(Path(options["file"]))
            tally = breached_load.load(
                source,
                self.target,
                least=options["least"],
                dry_run=options["dry_run"],
                anew=options["anew"],
                told=lambda tally, share: progress.at(share, tally.lines),
                resumed=self._taking_up,
            )
        except breached_sources.Refused as refused:
            raise CommandError(
                f"{refused}. Nothing was changed. The file must be Pwned Passwords as SHA-1, ordered"
                " by hash, unpacked or in gzip.",
                returncode=FAILED,
            ) from None
        except breached_load.Busy:
            raise CommandError(
                "Another load is under way. Nothing was changed.", returncode=TRY_LATER
            ) from None
        except KeyboardInterrupt:
            again = "" if options["dry_run"] else " The same command goes on from here."
            raise CommandError(
                f"Interrupted. The set in use is as it was.{again}", returncode=INTERRUPTED
            ) from None
        except OSError as error:
            raise CommandError(
                f"{error.strerror or 'It failed'}: {error.filename or self.target}. The set in use"
                " is as it was.",
                returncode=FAILED,
            ) from None
        finally:
            progress.close()
        self._say_loaded(source, tally, options)

    def _taking_up(self, tally: Tally) -> None:
        self.taken_up = tally.lines
        self.tell(f"Going on after line {tally.lines:,}.")

    def _say_loaded(
        self, source: breached_sources.Source, tally: Tally, options: dict[str, Any]
    ) -> None:
        for caution in (cautions := list(breached_load.cautions(source, tally))):
            self.tell(caution)
        size = breached.HEADER_BYTES + breached.ENTRY_BYTES * tally.entries
        facts = {
            "dry_run": options["dry_run"],
            "lines": tally.lines,
            "entries": tally.entries,
            "rare": tally.rare,
            "repeated": tally.repeated,
            "resumed_after": self.taken_up,
            "least": options["least"],
            "bytes": size,
            "cautions": cautions,
        }
        did = "Would load" if options["dry_run"] else "Loaded"
        end = " Nothing was written." if options["dry_run"] else ""
        took = time.monotonic() - self.started
        self.report(
            facts,
            [
                f"{did} {tally.entries:,} passwords ({size / 1e6:,.1f} MB) of {tally.lines:,} lines,"
                f" {tally.rare:,} too rare, {tally.repeated:,} repeated, {took:,.1f} s.{end}"
            ],
        )

    # --- check ------------------------------------------------------------------------------------

    def _check(self, full: bool) -> None:
        try:
            file = BreachedFile(self.target)
            if full:
                self._verify(file)
        except FileNotFoundError:
            self._problem("is not there: auth_breached load FILE makes it")
        except Unusable as error:
            self._problem(f"is not in use: {error}")
        header = file.header
        facts: dict[str, Any] = {
            "dry_run": False,
            "usable": True,
            "entries": header.entries,
            "least": header.least,
            "source_date": breached.day(header.source_at),
            "loaded_date": breached.day(header.loaded_at),
            "verified": full,
        }
        line = (
            f"{header.entries:,} passwords, seen {header.least:,} times or more; source of"
            f" {facts['source_date']}, loaded {facts['loaded_date']}"
        )
        if full:
            line += "; every entry read, in order"
        self.report(facts, [f"{line}."])
        if sys.stdin.isatty() and not (self.as_json or self.quiet):
            self._ask(file)

    def _verify(self, file: BreachedFile) -> None:
        progress = self._progress("Checking", "entries")
        try:
            file.verify(lambda done: progress.at(done / file.header.entries, done))
        finally:
            progress.close()

    def _ask(self, file: BreachedFile) -> None:
        try:
            password = getpass.getpass("A password to look up (Enter for none): ")
        except EOFError:
            return
        if not password:
            return
        if password in file:
            self.stdout.write("It is in the set.")
            raise SystemExit(PROBLEMS_FOUND)
        self.stdout.write("It is not in the set.")

    def _problem(self, sentence: str) -> None:
        self.report(
            {"dry_run": False, "usable": False, "problem": sentence}, [f"{self.target} {sentence}."]
        )
        raise SystemExit(PROBLEMS_FOUND)

    def _progress(self, what: str, unit: str) -> Progress:
        silent = self.quiet or self.as_json

        def write(text: str, ending: str) -> None:
            if not silent:
                self.stderr.write(text, ending=ending)

        return Progress(what, unit, write=write, on_terminal=sys.stderr.isatty())


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:12]) <= 10**9):
        raise ArgumentTypeError("a whole number from 1 to 1,000,000,000")
    return int(text)
