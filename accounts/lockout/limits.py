"""What every limit says of one try: loaded once, read by pure functions.

Strangers and known devices spend different meters, so strangers cannot use up what is the owner's
(design: fair lockout). An account that nobody has is counted like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from axes.models import AccessAttempt
from django.conf import settings
from django.utils import timezone

from accounts.lockout import meters
from accounts.lockout.counting import Counter, Reading
from accounts.lockout.meters import Meter
from accounts.models import KnownDevice

STRANGERS, KNOWN_DEVICES = "strangers", "known_devices"
NETWORK, SITE = "network_failures", "site_failures"
ACCOUNT_ON_NETWORK = "account_on_network"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Wait:
    """A limit that is closed, and for how many seconds; `meters.STOPPED` if no time opens it."""

    limit: str
    seconds: float


@dataclass(frozen=True)
class Standing:
    """One account, as seen from one network and one browser. `pair` and `readings` are what was
    counted; None and missing ones count as nothing."""

    account: str
    network: str
    device: KnownDevice | None
    pair: Reading
    readings: Mapping[meters.Key, Reading]
    at: datetime
    # What a try spends, besides the row of the account on its network.
    meters: list[Meter] = field(default_factory=list)

    @cached_property
    def waits(self) -> list[Wait]:
        """The limits that are closed. None of them means: go on. Each gate asks for them."""
        return list(self._waits())

    def failures(self, streak: str) -> int:
        """How many failed in a row in that streak, where it makes anybody wait by now; else 0."""
        counted = (self.readings.get(one.key) for one in self.meters if one.budget == streak)
        count = next((one.count for one in counted if one), 0)
        return count if meters.pause(count) else 0

    def _waits(self) -> Iterator[Wait]:
        for meter in self.meters:
            reading = self.readings.get(meter.key, meters.NOTHING)
            if seconds := meters.wait(meter, reading, self.at):
                yield Wait(meter.budget, seconds)
        if self.device is None:
            pair = account_on_network(self.account, self.network)
            if seconds := pair.closed_for(self.pair, self.at):
                yield Wait(ACCOUNT_ON_NETWORK, seconds)


def load(
    account: str, network: str, device: KnownDevice | None, *, at: datetime | None = None
) -> Standing:
    """As it stands now, or will `at` that moment if nothing is tried meanwhile. One SELECT for a
    known device, two for a stranger."""
    spent = _spent(account, network, device)
    pair = meters.NOTHING if device else account_on_network(account, network).read()
    return Standing(
        account, network, device, pair, meters.read(spent), at or timezone.now(), meters=spent
    )


def _spent(account: str, address: str, device: KnownDevice | None) -> list[Meter]:
    if device is not None:
        return [known_devices(account)]
    return [strangers(account), network(address), site()]


def strangers(account: str) -> Meter:
    """Failures in a row by all browsers together that are not known for this account."""
    return meters.meter(STRANGERS, account, settings.POLICY_STRANGER_FAILURES)


def known_devices(account: str) -> Meter:
    """Failures in a row by all known devices of this account together."""
    return meters.meter(KNOWN_DEVICES, account, settings.POLICY_KNOWN_DEVICE_FAILURES)


def network(network: str) -> Meter:
    return meters.meter(NETWORK, network, settings.POLICY_NETWORK_FAILURES, HOUR)


def site() -> Meter:
    return meters.meter(SITE, "all", settings.POLICY_SITE_FAILURES, HOUR)


def account_on_network(account: str, network: str) -> Counter:
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
