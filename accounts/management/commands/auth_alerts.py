"""`manage.py auth_alerts run|list`: has the rules look at once, and says what is open."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts import alert_webhook
from accounts.management.alone import alone
from accounts.management.operator import (
    PROBLEMS_FOUND,
    TRY_LATER,
    WRONG_USAGE,
    OperatorCommand,
)
from audit.alerts import keeping, telling, words
from audit.alerts.rules import CRITICAL, RULES
from audit.models import Alert

MOST = 1_000
STATES = [state.value for state in Alert.State]


class Command(OperatorCommand):
    name = "auth_alerts"
    help = (
        "run: has the rules look at once, as the worker does each minute, keeps what they find and"
        " writes the letter if it is time. list: says what is open. Exits with 0 (nothing new), 2"
        " (wrong usage), 3 (run: something new was found) or 75 (already running, or the worker was"
        " quicker)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["run", "list"])
        parser.add_argument("--dry-run", action="store_true", help="Look, and keep nothing (run).")
        parser.add_argument(
            "--state", choices=STATES, help="Only those in this state (list); else all open ones."
        )
        parser.add_argument(
            "--limit", type=int, default=100, metavar="N", help="The newest N (list)."
        )

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
        lines = [f"{_line(one)}" for one in found.opened]
        lines.append(f"{len(RULES)} rules, {len(found.opened)} new alerts, {told} told of.")
        if dry:
            lines.append("Nothing was kept.")
        self.report(
            facts | {"left": found.left, "opened": [_told(one) for one in found.opened]}, lines
        )
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
        lines = [_line(one) for one in found] or ["No alerts."]
        self.report({"alerts": [_told(one) for one in found]}, lines)


def _told(alert: Alert) -> dict[str, Any]:
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
