"""How near the budgets are to their end: of one network, and of the whole site.

It is read from the counts that the limits keep anyway, in one statement, the same for every name
that is typed; nothing is remembered between requests, so all workers see the same.
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.lockout import budgets, limits, meters
from accounts.lockout.budgets import Budget
from accounts.moments import stored

SIGN_IN = "sign_in"
COUNTED = {
    "sign_up": budgets.SIGNUPS,
    "reset": budgets.RESETS,
    "sign_in_code": budgets.SIGN_IN_CODES,
}


def runs_low(purpose: str, network: str) -> float | None:
    """None while there is room; past the threshold, how far from there (0) to the end (1 and more).
    One SELECT."""
    budget = COUNTED.get(purpose)
    if budget is None:
        return _of_guesses(network)
    mine, all_together = _used(budget, network)
    if mine >= budget.limit():
        return None  # nothing to be gained by a proof: the limit itself refuses now
    return _strain(mine / budget.limit(), all_together / settings.POLICY_BOT_CHECK_SITE)


def is_asked(purpose: str, network: str) -> bool:
    """Whether the next one from there is asked for a proof."""
    return settings.BOT_CHECK != "off" and runs_low(purpose, network) is not None


def _of_guesses(network: str) -> float | None:
    """Wrong passwords of strangers, as the limits of sign-in count them."""
    both = limits.network(network), limits.site()
    rows = meters.read(both)
    shares = []
    for meter in both:
        reading = rows.get(meter.key, meters.NOTHING)
        if meters.wait(meter, reading, timezone.now()):
            return None  # closed: the limit itself refuses now
        shares.append(meters.share(meter, reading, timezone.now()))
    return _strain(*shares)


def _strain(*shares: float) -> float | None:
    return strain(max(shares), settings.POLICY_BOT_CHECK_PERCENT / 100)


def strain(share: float, threshold: float) -> float | None:
    """Of a share that is used and the share from which everybody is asked."""
    if share < threshold:
        return None
    return min(1.0, (share - threshold) / (1 - threshold)) if threshold < 1 else 1.0


def _used(budget: Budget, network: str) -> tuple[int, int]:
    """What this network and what all have used of a budget, in one statement. Rows past the site's
    threshold change no answer, so they are not read: under a flood this costs no more. The order of
    the newest keeps PostgreSQL to the index of the time."""
    since = stored(timezone.now() - budget.window)
    subject = budgets.digest(budget, network)
    most = settings.POLICY_BOT_CHECK_SITE
    one = (
        "(SELECT COALESCE(SUM(n), 0) FROM (SELECT count AS n FROM accounts_tally WHERE {}"
        " LIMIT %s) AS part)"
    )
    fresh = "budget = %s AND started_at > %s"
    mine, all_ = f"subject = %s AND {fresh}", f"{fresh} ORDER BY started_at DESC"
    sql = f"SELECT {one.format(mine)}, {one.format(all_)}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [subject, budget.name, since, most, budget.name, since, most])
        theirs, all_together = cursor.fetchone()
    return int(theirs), int(all_together)
