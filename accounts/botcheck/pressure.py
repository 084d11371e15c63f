"""How near the budgets are to their end: of one network, and of the whole site.

It is read from the counts that the limits keep anyway, in one statement, the same for every name
that is typed; nothing is remembered between requests, so all workers see the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.lockout import budgets
from accounts.models import Tally
from audit.sealing import keyed_digest

COUNTED = {"sign_up": budgets.SIGNUPS, "reset": budgets.RESETS}


def runs_low(purpose: str, network: str) -> float | None:
    """None while there is room; past the threshold, how far from there (0) to the end (1 and more).
    One SELECT."""
    mine, all_together = _used(purpose, network)
    if purpose in COUNTED and mine >= _limit(purpose):
        return None  # nothing to be gained by a proof: the limit itself refuses now
    share = max(mine / _limit(purpose), all_together / settings.POLICY_BOT_CHECK_SITE)
    return strain(share, settings.POLICY_BOT_CHECK_PERCENT / 100)


def strain(share: float, threshold: float) -> float | None:
    """Of a share that is used and the share from which everybody is asked."""
    if share < threshold:
        return None
    return min(1.0, (share - threshold) / (1 - threshold)) if threshold < 1 else 1.0


def _limit(purpose: str) -> int:
    budget = COUNTED.get(purpose)
    return budget.limit() if budget else settings.POLICY_BOT_CHECK_FAILURES


def _used(purpose: str, network: str) -> tuple[int, int]:
    budget = COUNTED.get(purpose)
    if budget is None:
        window = timedelta(minutes=settings.POLICY_FAILURE_WINDOW_MINUTES)
        since = _adapted(AccessAttempt, "attempt_time", timezone.now() - window)
        fresh = "attempt_time > %s"
        return _sums(
            AccessAttempt,
            "failures_since_start",
            (
                f"ip_address = %s AND {fresh}",
                [_adapted(AccessAttempt, "ip_address", network), since],
            ),
            (f"{fresh} ORDER BY attempt_time DESC", [since]),
        )
    since = _adapted(Tally, "started_at", timezone.now() - budget.window)
    subject = keyed_digest(budgets.mailbox(network), purpose=f"budget {budget.name}")
    fresh = "budget = %s AND started_at > %s"
    return _sums(
        Tally,
        "count",
        (f"subject = %s AND {fresh}", [subject, budget.name, since]),
        (f"{fresh} ORDER BY started_at DESC", [budget.name, since]),
    )


def _sums(model: type[Model], count: str, *wheres: tuple[str, list[Any]]) -> tuple[int, int]:
    """The sums of `count` over the rows of each condition, in one statement. Rows past the site's
    threshold change no answer, so they are not read: under a flood this costs no more. The order
    of the newest keeps PostgreSQL to the index of the time."""
    most = settings.POLICY_BOT_CHECK_SITE
    quoted = connection.ops.quote_name
    one = "(SELECT COALESCE(SUM(n), 0) FROM (SELECT {} AS n FROM {} WHERE {} LIMIT %s) AS part)"
    table = quoted(model._meta.db_table)
    parts = ", ".join(one.format(quoted(count), table, where) for where, _ in wheres)
    values = [value for _, some in wheres for value in (*some, most)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {parts}", values)
        mine, all_together = cursor.fetchone()
    return int(mine), int(all_together)


def _adapted(model: type[Model], name: str, value: Any) -> Any:
    column = model._meta.get_field(name)
    return column.get_db_prep_value(value, connection)  # type: ignore[union-attr]
