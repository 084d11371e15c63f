"""What happens on a busy site, how often, and what stands on its dashboard besides what is counted
from that: what the worker notes by the day, what waits, and when its jobs were done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from tests.bench import crowd

# Out of a hundred, and the facts of it.
_OFTEN: list[tuple[int, str, dict[str, Any]]] = [
    (34, "account.signed_in", {"method": "password"}),
    (4, "account.signed_in", {"method": "password", "second": "mailed_code"}),
    (2, "account.signed_in", {"method": "password", "second": "texted_code"}),
    (8, "account.signed_in", {"method": "passkey"}),
    (2, "account.signed_in", {"method": "code"}),
    (2, "account.signed_in", {"method": "provider"}),
    (1, "account.signed_in", {}),
    (6, "account.signed_out", {}),
    (16, "account.sign_in_failed", {"reason": "wrong_password"}),
    (2, "account.sign_in_failed", {"reason": "unknown_account"}),
    (1, "account.sign_in_failed", {"reason": "frozen"}),
    (1, "account.sign_in_failed", {"reason": "wrong_passkey"}),
    (2, "account.limit_reached", {"budget": "strangers"}),
    (2, "account.reauthenticated", {"method": "password"}),
    (1, "account.signup_started", {}),
    (1, "account.signup_confirmed", {}),
    (1, "mfa.two_step_turned_on", {}),
    (1, "mfa.factor_added", {"factor": "passkey"}),
    (7, "mfa.code_sent", {"channel": "email", "purpose": "second_step"}),
    (3, "mfa.code_sent", {"channel": "text", "purpose": "second_step"}),
    (1, "account.password_reset_requested", {}),
    (1, "account.password_reset_finished", {}),
    (1, "account.password_hash_upgraded", {"former": "pbkdf2_sha256"}),
]
USUAL = [(event, facts) for times, event, facts in _OFTEN for _ in range(times)]
# What staff and operators do: once among so many.
RARELY = 500
RARE: list[tuple[str, dict[str, Any]]] = [
    ("staff.unlocked", {"reason": "asked by phone, ticket 4711"}),
    ("staff.signed_out", {"reason": "a phone was lost, ticket 4712", "sessions": 2}),
    ("trail.verified", {"verified": 100_000, "found": 0}),
    ("command.run", {"command": "auth_user"}),
]
# What people without devices, letters or old passwords have none of: as it is on the last day.
_GAUGES = {
    ("two_step", "on"): 6_000,
    ("second_step", "app"): 4_000,
    ("second_step", "passkey"): 2_500,
    ("second_step", "texted_code"): 800,
    ("second_step", "mailed_code"): 1_200,
    ("hashes", "pbkdf2_sha256"): 900,
    ("hashes", "argon2id m=47104,t=1,p=1"): 500,
    ("hashes", "bcrypt_sha256"): 300,
    ("hashes", "unusable"): 200,
    ("hashes", "unreadable"): 100,
    ("delivery_seconds", "email"): 3,
    ("delivery_seconds", "text"): 5,
}
WAITING = 1_000
COUNTRIES = ("DE", "FR", "GB", "IE", "NL")


def noted(days: list[date]) -> None:
    """What is there besides entries and their counts, when the site has been about for `days`."""
    _tops(days)
    _gauges(days)
    _waiting()
    _texted()
    _jobs()


def _tops(days: list[date]) -> None:
    """The day that runs is not over, and added up by whoever looks."""
    from django.utils import timezone

    from audit.watch import failures

    for day in days[:-1]:
        failures.note_day(day, timezone.now())


def _gauges(days: list[date]) -> None:
    """The rooms are asked once, and what they say has grown from half of it."""
    from audit.models import DailyGauge
    from audit.watch import gauges

    gauges.sample(0)
    rows = DailyGauge.objects.values_list("name", "detail", "value")
    last = {(name, detail): value for name, detail, value in rows} | _GAUGES
    DailyGauge.objects.all().delete()
    DailyGauge.objects.bulk_create(
        (
            DailyGauge(day=day, name=name, detail=detail, value=_grown(value, number / len(days)))
            for number, day in enumerate(days, 1)
            for (name, detail), value in last.items()
        ),
        batch_size=5_000,
    )


def _grown(value: int, share: float) -> int:
    return round(value * (1 + share) / 2)


def _waiting() -> None:
    from accounts.models import OutgoingMail

    for channel in OutgoingMail.Channel:
        crowd._insert(
            OutgoingMail(letter="x", channel=channel, recipient="x" * 90, body="x" * 900),
            range(WAITING),
            lambda number, channel=channel: {
                "id": list(OutgoingMail.Channel).index(channel) * WAITING + number + 1,
                "message_id": f"<{channel}-{number}@example.org>",
            },
        )


def _texted() -> None:
    from accounts.lockout import budgets

    for country in COUNTRIES:
        budgets.spend(budgets.COUNTRY_TEXTS, country)


def _jobs() -> None:
    from django.utils import timezone

    from accounts import job_status, jobs

    for name in job_status.expected():
        jobs.ended(name, timezone.now(), 1)


def days(begins: datetime, ends: datetime) -> Iterator[date]:
    """Each of which any hour lies in between."""
    for ordinal in range(begins.date().toordinal(), ends.date().toordinal() + 1):
        yield date.fromordinal(ordinal)
