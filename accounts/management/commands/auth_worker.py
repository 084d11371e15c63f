"""`manage.py auth_worker`: sends the letters and texts in the outbox and keeps house; says what it did
last, and whether anything is late."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from accounts import job_status
from accounts.job_status import Status
from accounts.models import JobRun
from accounts.outbox import delivery
from accounts.outbox.worker import channels, work

DONE, PROBLEMS_FOUND, PARTLY, TRY_LATER, INTERRUPTED = 0, 3, 4, 75, 130


class Command(BaseCommand):
    help = (
        "Sends the letters and texts waiting in the outbox and keeps house, until it is stopped"
        " (TERM, INT). Any number may run at once. With --once: sends what is due and exits with"
        " 0 (done), 4 (some wait for another try) or 75 (the mail server or the text provider cannot"
        " be used). With --status: says when each job was done last, and exits with 3 if one is late"
        " or fails."
    )
    # A restart after a crash must not wait for, or fail over, what only pages need.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Send what is due, then exit.")
        parser.add_argument(
            "--revive", action="store_true", help="Let letters given up wait again, then exit."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only count; change nothing.")
        parser.add_argument(
            "--status",
            action="store_true",
            help="Say what was done last and what is late, then exit.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument("--quiet", action="store_true", help="Print nothing (--once).")
        parser.add_argument(
            "--with-parent",
            action="store_true",
            help="Stop at end-of-file on standard input: when whoever started this is gone.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stop = threading.Event()
        self.interrupted = False
        before = {n: signal.signal(n, self._on_signal) for n in (signal.SIGTERM, signal.SIGINT)}
        try:
            if options["with_parent"]:
                threading.Thread(target=self._watch_parent, daemon=True).start()
            code = self._work(options)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.interrupted:
            code = INTERRUPTED
        if code != DONE:
            raise SystemExit(code)

    def _work(self, options: dict[str, Any]) -> int:
        if options["status"]:
            return self._status(options)
        if options["dry_run"]:
            due = sum(delivery.due(one).count() for one in channels())
            dead = sum(delivery.dead(one).count() for one in channels())
            sentence = "{due} due, {dead} given up. Nothing was done."
            self._say(options, sentence, due=due, dead=dead)
        elif options["revive"]:
            self._say(options, "{revived} wait again.", revived=delivery.revive())
        elif options["once"]:
            return self._once(options)
        else:
            work(self.stop)
        return DONE

    def _once(self, options: dict[str, Any]) -> int:
        started = time.monotonic()
        reports = {one: delivery.drain(one, stop=self.stop) for one in channels()}
        failed = sum(report.failed for report in reports.values())
        dead = sum(report.dead for report in reports.values())
        self._say(
            options,
            "{sent} sent, {failed} to be tried again, {dead} given up, {waiting} waiting.",
            sent=sum(report.sent for report in reports.values()),
            failed=failed,
            dead=dead,
            waiting=sum(delivery.waiting(one).count() for one in channels()),
            seconds=round(time.monotonic() - started, 1),
        )
        for channel, report in reports.items():
            if report.down:
                self.stderr.write(f"{channel.server} cannot be used: {report.down}")
        if any(report.down for report in reports.values()):
            return TRY_LATER
        return PARTLY if failed or dead else DONE

    def _status(self, options: dict[str, Any]) -> int:
        found = job_status.statuses()
        ill = [one for one in found if not one.is_well]
        if options["json"]:
            jobs = [_told(one) for one in found]
            head = {"command": "auth_worker", "jobs": jobs, "not_well": len(ill)}
            self.stdout.write(json.dumps(head))
        elif not options["quiet"]:
            for one in found:
                self.stdout.write(_line(one))
            self.stdout.write(f"{len(found)} jobs, {len(ill)} late or failing.")
        return PROBLEMS_FOUND if ill else DONE

    def _say(self, options: dict[str, Any], sentence: str, **facts: Any) -> None:
        if options["json"]:
            head = {"command": "auth_worker", "dry_run": options["dry_run"]}
            self.stdout.write(json.dumps(head | facts))
        elif not options["quiet"]:
            self.stdout.write(sentence.format(**facts))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = number == signal.SIGINT
        self.stop.set()

    def _watch_parent(self) -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        self.stop.set()


def _told(one: Status) -> dict[str, Any]:
    run = one.run or JobRun()
    times = {
        name: (moment := getattr(run, name)) and moment.isoformat(timespec="seconds")
        for name in ("began_at", "ended_at", "failed_at")
    }
    facts = {"rows": run.rows, "error": run.error}
    return {"job": one.name, "state": one.state.value, **times, **facts}


def _line(one: Status) -> str:
    """Like "late      2026-11-28 09:14  audit.chain.segments.close: 3 rows"."""
    run = one.run or JobRun()
    at = f"{run.ended_at:%Y-%m-%d %H:%M}" if run.ended_at else "never"
    line = f"{one.state.label:<9} {at:<16}  {one.name}: {run.rows} rows"
    return (
        f"{line}, last error {run.failed_at:%Y-%m-%d %H:%M} {run.error}" if run.failed_at else line
    )
