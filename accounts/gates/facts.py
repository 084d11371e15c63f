"""All that the gates of a sign-in are asked about, loaded once. Loading changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.http import HttpRequest
from django.utils import timezone

from accounts.botcheck import pressure
from accounts.identify import find_user
from accounts.known_devices import devices
from accounts.lockout import buckets, limits
from accounts.lockout.counting import Reading
from accounts.lockout.limits import Standing
from accounts.models import Confirmation, KnownDevice, PendingSignup, User
from accounts.validators import address_or_blank

NEVER = datetime.max.replace(tzinfo=UTC)
# Where no limit is asked about.
NOWHERE = Standing("", "", None, Reading(), {}, NEVER)


@dataclass(frozen=True)
class SecondStep:
    """What a sign-in with the right password meets of second steps, on a new device. `is_asked`: one
    waits before the session opens. `lacking`: what keeps the person on the pages that set one up, by
    one word: none, weak (staff by codes that are sent), unfinished (no codes saved); '' for nothing.
    `until`: the last day on which they may put it off."""

    is_asked: bool = False
    lacking: str = ""
    until: date | None = None


@dataclass(frozen=True)
class Facts:
    """`address` is the network address in clear, as the rules of networks see it."""

    user: User | None
    standing: Standing = NOWHERE
    address: str = ""
    at: datetime = NEVER
    # Signed in as that person already, in this browser: what keeps others out keeps nobody from proving
    # themselves again.
    is_inside: bool = False
    # Loaded for an explanation only: the road meets nobody whose address was never proved.
    sign_up_waits: bool = False
    address_waits: bool = False
    asks_bot_check: bool = False


def of_request(request: HttpRequest, user: User | None, account: str) -> Facts:
    """What a try at `account` from this browser meets. Three SELECTs at most."""
    device = devices.find(request, user)
    standing = limits.load(account, buckets.network_bucket(request), device)
    return Facts(user, standing, getattr(request, "client_ip", ""), standing.at)


def of_question(
    identifier: str,
    *,
    address: str = "",
    device: KnownDevice | None = None,
    at: datetime | None = None,
) -> Facts:
    """What a sign-in as `identifier` from that network address would meet now (or `at` a later
    moment), on a browser that is not known, or on `device`."""
    user = find_user(identifier)
    account = buckets.of_user(user) if user else buckets.of_nobody(identifier)
    network = buckets.network(address)
    standing = limits.load(account, network, device, at=at)
    typed = address_or_blank(identifier)
    waiting = PendingSignup.objects.filter(email=typed, expires_at__gt=timezone.now())
    adding = Confirmation.objects.filter(
        email=typed, user__isnull=False, spent_at=None, expires_at__gt=timezone.now()
    )
    return Facts(
        user,
        standing,
        address,
        standing.at,
        sign_up_waits=bool(typed) and user is None and waiting.exists(),
        address_waits=bool(typed) and user is None and adding.exists(),
        asks_bot_check=pressure.is_asked(pressure.SIGN_IN, network),
    )
