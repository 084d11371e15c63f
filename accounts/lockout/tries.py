"""Tries at an account's secret, from one network. Each is taken before anything is compared.

SECURITY: a limit that counts failures afterwards does not exist in parallel: 50 guesses sent at once
are all compared before the first is counted. So a try is reserved first, kept when the guess was
wrong, and given back when it was not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest

from accounts.errors import TooManyTries
from accounts.lockout import buckets
from accounts.lockout.counting import Counter
from accounts.models import User


def counter(account: str, network: str) -> Counter:
    """The row of axes in which the failures of one account from one network are counted. Of the
    request nothing else is kept."""
    return Counter(
        AccessAttempt,
        {"username": account, "ip_address": network, "user_agent": ""},
        count="failures_since_start",
        since="attempt_time",
        limit=settings.POLICY_FAILURES_PER_NETWORK,
        window=timedelta(minutes=settings.POLICY_FAILURE_WINDOW_MINUTES),
        pauses=True,
        also=dict.fromkeys(("http_accept", "path_info", "get_data", "post_data"), ""),
    )


@dataclass
class Try:
    counter: Counter
    settled: bool = False


@dataclass
class Ledger:
    """What one request has taken, and how many seconds it must wait if it was refused."""

    tries: list[Try] = field(default_factory=list)
    seconds: int = 0


def ledger(request: HttpRequest) -> Ledger:
    kept: Ledger = request.__dict__.setdefault("_tries", Ledger())
    return kept


def take(request: HttpRequest, account: str) -> Try:
    """Reserve one try at `account` for this request, or raise TooManyTries."""
    taken = Try(counter(account, buckets.network_bucket(request)))
    try:
        taken.counter.take()
    except TooManyTries as refusal:
        ledger(request).seconds = refusal.seconds
        raise
    ledger(request).tries.append(taken)
    return taken


def keep(request: HttpRequest) -> bool:
    """The guess made under the newest open try was wrong. False if there is none."""
    open_tries = [one for one in ledger(request).tries if not one.settled]
    if open_tries:
        open_tries[-1].settled = True
    return bool(open_tries)


def settle(request: HttpRequest, status: int) -> None:
    """At the end of the request: whatever was not a wrong guess is given back (a right password,
    no room to hash). After a crash nobody knows, so it is kept."""
    for one in ledger(request).tries:
        if not one.settled and status != 500:
            one.counter.give_back()
        one.settled = True


def forgive(request: HttpRequest, user: User) -> None:
    """A complete sign-in: what failed before from this network is forgotten. Not what failed from
    others, which says nothing about them. One DELETE."""
    mine = counter(buckets.of_user(user), buckets.network_bucket(request))
    for one in ledger(request).tries:
        one.settled = one.settled or one.counter.key == mine.key
    mine.clear()


def forget_failures(user: User) -> None:
    """The account is opened everywhere: its password is a new one. One DELETE."""
    # Nothing hangs on these rows, so they go in one statement, without being fetched first.
    rows = AccessAttempt.objects.filter(username=buckets.of_user(user))
    rows._raw_delete(rows.db)


@dataclass
class Guess:
    right: bool = False


@contextmanager
def guess(request: HttpRequest, account: str) -> Iterator[Guess]:
    """One try at `account` around a comparison that no backend makes; raises TooManyTries.

        with tries.guess(request, buckets.of_user(user)) as guess:
            guess.right = user.check_password(typed)

    A wrong guess is counted like a failed sign-in; a right one, or an error in between, is not.
    """
    taken = take(request, account)
    taken.settled = True
    made = Guess()
    try:
        yield made
    except BaseException:
        taken.counter.give_back()
        raise
    if made.right:
        taken.counter.give_back()
