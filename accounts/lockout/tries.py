"""Tries at an account's secret. Each is taken before anything is compared.

SECURITY: a limit that counts failures afterwards does not exist in parallel: 50 guesses sent at once
are all compared before the first is counted. So a try is reserved first, kept when the guess was
wrong, and given back when it was not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import TooManyTries
from accounts.gates import gates
from accounts.gates.facts import Facts, of_request
from accounts.gates.gates import Verdict
from accounts.known_devices import devices
from accounts.lockout import buckets, limits, meters
from accounts.lockout.counting import Counter, Reading
from accounts.lockout.limits import Standing
from accounts.lockout.meters import Key, Meter
from accounts.models import KnownDevice, User
from accounts.passwords import slots
from audit import trail
from audit.events import Event


@dataclass
class Try:
    """What was counted for it. `full` names the limits whose last try it took; `is_devices_last`:
    it took the last of its device, which is a stranger if the guess is wrong."""

    account: str
    device: KnownDevice | None = None
    meters: list[Meter] = field(default_factory=list)
    seen: Mapping[Key, Reading] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    pair: Counter | None = None
    full: list[str] = field(default_factory=list)
    is_devices_last: bool = False
    settled: bool = False

    def give_back(self) -> None:
        """It was no wrong guess. One statement for each of what it had taken."""
        if self.pair:
            self.pair.give_back()
        if self.device:
            devices.give_back(self.device)
        meters.give_back(self.meters, self.seen, self.counts)
        self.settled = True


@dataclass
class Ledger:
    """What one request has taken, what its newest try met, and why it was refused, if it was."""

    tries: list[Try] = field(default_factory=list)
    refusal: TooManyTries | None = None
    met: Facts | None = None


def ledger(request: HttpRequest) -> Ledger:
    kept: Ledger = request.__dict__.setdefault("_tries", Ledger())
    return kept


def take(request: HttpRequest, user: User | None, account: str) -> Try:
    """Reserve one try at `account`, which is `user`'s if anybody's, or raise TooManyTries."""
    facts = ledger(request).met = of_request(request, user, account)
    standing = facts.standing
    try:
        _refuse(gates.closed(gates.BEFORE, facts))
        failures = devices.failed(standing.device) if standing.device else 0
        if standing.device and not failures:
            # Its last try was taken by another request just now: it is a stranger.
            standing = limits.load(account, standing.network, None)
            _refuse(gates.closed(gates.BEFORE, replace(facts, standing=standing)))
        taken = Try(account, standing.device)
        taken.is_devices_last = failures >= settings.POLICY_DEVICE_FAILURES
        _reserve(taken, standing)
    except TooManyTries as refusal:
        ledger(request).refusal = refusal
        raise
    ledger(request).tries.append(taken)
    return taken


def _reserve(taken: Try, standing: Standing) -> None:
    """Count the try everywhere or nowhere. Raises TooManyTries when others were faster."""
    counts = dict(meters.take(standing.meters, standing.readings) or {})
    if counts and standing.device is None:
        pair = limits.account_on_network(standing.account, standing.network)
        if count := pair.add():
            taken.pair = pair
            taken.full += [limits.ACCOUNT_ON_NETWORK] if count >= pair.limit else []
        else:
            meters.give_back(standing.meters, standing.readings, counts)
            counts = {}
    if not counts:
        if standing.device:
            devices.give_back(standing.device)
        again = limits.load(standing.account, standing.network, standing.device)
        _refuse(gates.closed(gates.BEFORE, Facts(None, again)))
        raise TooManyTries(1)
    taken.meters, taken.seen, taken.counts = standing.meters, standing.readings, counts
    taken.full += [each.budget for each in taken.meters if counts[each.budget] >= each.limit]


def _refuse(closed: Iterator[Verdict]) -> None:
    """Raise TooManyTries with the longest wait of those gates, if there are any."""
    longest = max((verdict.seconds for verdict in closed), default=0)
    if longest:
        stopped = math.isinf(longest)
        raise TooManyTries(0 if stopped else int(longest), stopped=stopped)


def facts_met(request: HttpRequest | None, user: User) -> Facts:
    """What the gates after a right password are asked about: the same that those before it were.
    Without a try there is no standing to tell them of. No statement."""
    met = ledger(request).met if request is not None else None
    if met is None or met.user != user:
        met = Facts(user, address=getattr(request, "client_ip", ""), at=timezone.now())
    # Asked only where it decides something: it may cost a look at the session.
    if user.frozen_until is not None and request is not None and request.user == user:
        met = replace(met, is_inside=True)
    return met


def caller(request: HttpRequest | None, user: User | None = None) -> slots.Caller:
    """For whom this request hashes, as its newest open try says; where nothing was tried, `user`,
    whose new password it is, may be known in this browser."""
    if request is None:
        return slots.Caller()
    open_tries = [one for one in ledger(request).tries if not one.settled]
    known = any(one.device for one in open_tries[-1:])
    if user is not None and not open_tries:
        known = devices.find(request, user) is not None
    return slots.Caller(known, buckets.network_bucket(request))


def keep(request: HttpRequest, user: User | None = None) -> bool:
    """The guess made under the newest open try was wrong. False if there is none.

    The trail hears of each limit that is full now: once, and not of what is refused after it."""
    open_tries = [one for one in ledger(request).tries if not one.settled]
    if not open_tries:
        return False
    newest = open_tries[-1]
    newest.settled = True
    for limit in newest.full:
        about = user if limit in ABOUT_AN_ACCOUNT else None
        trail.record(Event.LIMIT_REACHED, subject=about, request=request, budget=limit)
    if newest.is_devices_last:
        trail.record(
            Event.DEVICE_FORGOTTEN, subject=user, request=request, devices=1, reason="failures"
        )
    return True


def was_last(request: HttpRequest) -> bool:
    """Whether the newest try of this request was wrong, and the last one: of a limit about the
    account, or of its known device."""
    return any(
        one.settled and (one.is_devices_last or ABOUT_AN_ACCOUNT.intersection(one.full))
        for one in ledger(request).tries[-1:]
    )


ABOUT_AN_ACCOUNT = {limits.STRANGERS, limits.KNOWN_DEVICES, limits.ACCOUNT_ON_NETWORK}


def settle(request: HttpRequest, status: int) -> None:
    """At the end of the request: whatever was not a wrong guess is given back (a right password,
    no room to hash). After a crash nobody knows, so it is kept."""
    for one in ledger(request).tries:
        if not one.settled and status != 500:
            one.give_back()
        one.settled = True


def forgive(request: HttpRequest, user: User) -> None:
    """A complete sign-in: what failed in a row before is forgotten, and so is what failed from this
    network. What failed from others still counts for them. Two DELETEs."""
    account = buckets.of_user(user)
    for one in ledger(request).tries:
        if one.account == account and not one.settled:
            # SECURITY: what the network and the site have spent is given back when the request is
            # over: inside the transaction of the sign-in their rows would hold up everybody else.
            one.meters = [each for each in one.meters if not each.is_streak]
            one.pair = one.device = None
    limits.account_on_network(account, buckets.network_bucket(request)).clear()
    meters.clear([limits.known_devices(account), limits.strangers(account)])


def forget_failures(user: User) -> None:
    """The account is opened everywhere: its password is a new one, or staff unlocked it. Two
    DELETEs."""
    account = buckets.of_user(user)
    # Nothing hangs on these rows, so they go in one statement, without being fetched first.
    rows = AccessAttempt.objects.filter(username=account)
    rows._raw_delete(rows.db)
    meters.clear([limits.known_devices(account), limits.strangers(account)])


def count_failure(request: HttpRequest, user: User) -> None:
    """A wrong proof of a later step, which has a limit of its own: it counts besides for the network,
    for the account on it and for the site, as wrong passwords do, and makes a known device a stranger
    at its tenth. Not among the failures in a row of the password: whoever has that and nothing else
    would stop it for its owner."""
    device = devices.find(request, user)
    if device is not None:
        if devices.failed(device) >= settings.POLICY_DEVICE_FAILURES:
            trail.record(
                Event.DEVICE_FORGOTTEN, subject=user, request=request, devices=1, reason="failures"
            )
        return
    network = buckets.network_bucket(request)
    limits.account_on_network(buckets.of_user(user), network).add()
    windows = [limits.network(network), limits.site()]
    meters.take(windows, meters.read(windows))


@dataclass
class Guess:
    right: bool = False


@contextmanager
def guess(request: HttpRequest, user: User | None, account: str = "") -> Iterator[Guess]:
    """One try at `user` around a comparison that no backend makes; raises TooManyTries. For nobody
    `account` says whose try it is (`buckets.account_bucket`), and it is never right.

        with tries.guess(request, user) as guess:
            guess.right = device.compare(typed)

    A wrong guess is counted like a failed sign-in; a right one, or an error in between, is not.
    """
    taken = take(request, user, account or buckets.of_user(cast(User, user)))
    made = Guess()
    try:
        yield made
    except BaseException:
        taken.give_back()
        raise
    if made.right:
        taken.give_back()
    else:
        keep(request, user)
