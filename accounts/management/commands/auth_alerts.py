"""`manage.py auth_alerts run|list`: has the rules look at once, and says what is open."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from accounts import alert_webhook, staff_words
from accounts.management.alone import alone
from accounts.management.operator import (
    PROBLEMS_FOUND,
    TRY_LATER,
    WRONG_USAGE,
    OperatorCommand,
)
from accounts.models import User
from audit.alerts import deeds, keeping, telling, words
from audit.alerts.deeds import Deed
from audit.alerts.rules import CRITICAL, RULES
from audit.facts import inert
from audit.models import Alert

MOST = 1_000
EMPTY: Mapping[str, User] = {}
STATES = [state.value for state in Alert.State]


class Command(OperatorCommand):
    name = "auth_alerts"
    help = (
        "run: has the rules look at once, as the worker does each minute, keeps what they find and"
        " writes the letter if it is time. list: says what is open, or what is in a state; of closed"
        " ones by whom, when and why. Exits with 0 (nothing new), 2 (wrong usage), 3 (run:"
        " something new was found, or something known is new again) or 75 (already running, or the"
        " worker was quicker)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["run", "list"])
        said = "run: look, and keep nothing."
        self.add_for("run", parser, "--dry-run", action="store_true", help=said)
        said = "list: only those in this state; else all open ones."
        self.add_for("list", parser, "--state", choices=STATES, help=said)
        said = "list: the newest N."
        self.add_for("list", parser, "--limit", type=int, default=100, metavar="N", help=said)

    def handle(self, *args: Any, **options: Any) -> None:
        self.name = f"auth_alerts {options['what']}"
        if options["what"] == "list":
            self._list(options)
        else:
            self._run(options)

    def _run(self, options: dict[str, Any]) -> None:
        dry = options["dry_run"]
        with alone("auth_alerts"):
            found = keeping.look(keep=not dry)
            told = 0 if dry or found.lost else telling.tell()
            called = 0 if dry or found.lost else alert_webhook.call()
        if found.lost:
            raise CommandError("The worker was quicker. Nothing was changed.", returncode=TRY_LATER)
        facts = {
            "dry_run": dry,
            "rules": len(RULES),
            "again": len(found.again),
            "news": len(found.news),
            "told": told,
            "called": called,
        }
        lines = [_line(one) for one in found.opened]
        lines += [f"{_line(one)}, new again" for one in found.news]
        new = "1 new alert" if len(found.opened) == 1 else f"{len(found.opened)} new alerts"
        lines.append(f"{len(RULES)} rules: {new}, {len(found.news)} new again, {told} told of.")
        if dry:
            lines.append("Nothing was kept.")
        facts |= {
            "left": found.left,
            "opened": [_told(one) for one in found.opened],
            "renewed": [_told(one) for one in found.news],
        }
        self.report(facts, lines)
        if found.opened or found.news:
            raise SystemExit(PROBLEMS_FOUND)

    def _list(self, options: dict[str, Any]) -> None:
        limit = options["limit"]
        if not 1 <= limit <= MOST:
            raise CommandError(f"--limit takes 1 to {MOST}.", returncode=WRONG_USAGE)
        rows = Alert.objects.order_by("-id")
        chosen = options["state"]
        rows = rows.filter(state=chosen) if chosen else rows.exclude(state=Alert.State.CLOSED)
        found = list(rows[:limit])
        closings = deeds.closings(found)
        people = staff_words.people({deed.by for deed in closings.values()})
        lines = [_line(one) + _closed(closings.get(one.pk), people) for one in found]
        facts = [_told(one, closings.get(one.pk), people) for one in found]
        self.report({"alerts": facts}, lines or ["No alerts."])


def _closed(deed: Deed | None, people: Mapping[str, User]) -> str:
    """Like ", closed 2026-11-28 10:02 by ada: a drill"."""
    if deed is None:
        return ""
    by = people[deed.by].username if deed.by in people else deed.by
    why = f": {inert(deed.reason)}" if deed.reason else ""
    return f", closed {deed.at:%Y-%m-%d %H:%M} by {by or 'nobody known'}{why}"


def _told(
    alert: Alert, deed: Deed | None = None, people: Mapping[str, User] = EMPTY
) -> dict[str, Any]:
    """`closed` is null for one that is not; `by` is a public identifier, `name` null where whoever it
    was is gone, `reason` "" where the trail has it no more."""
    closed = deed and {
        "at": deed.at.isoformat(timespec="seconds"),
        "by": deed.by,
        "name": people[deed.by].username if deed.by in people else None,
        "reason": deed.reason,
    }
    return {
        "alert": alert.pk,
        "rule": alert.rule,
        "critical": alert.rule in CRITICAL,
        "about": alert.about,
        "state": alert.state,
        "opened_at": alert.opened_at.isoformat(timespec="seconds"),
        "found_at": alert.found_at.isoformat(timespec="seconds"),
        "times": alert.times,
        "counted": words.counted(alert),
        "found": alert.numbers.get("found", {}),
        "closed": closed,
    }


def _line(alert: Alert) -> str:
    """Like "12 critical staff_added 9d1f2c3a… new, found 2026-11-28 09:14, happened 1 time"."""
    rank = "critical" if alert.rule in CRITICAL else "warning"
    about = f" {alert.about[:8]}…" if alert.about else ""
    number = f"{alert.pk} " if alert.pk else ""
    return (
        f"{number}{rank} {alert.rule}{about} {alert.state},"
        f" found {alert.found_at:%Y-%m-%d %H:%M}, {words.how_often(alert)}"
    )
