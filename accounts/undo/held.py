"""An account in which a change was stopped: what goes on there, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import Refusal
from accounts.known_devices import devices
from accounts.models import KnownDevice, User
from audit.events import Event

# What may happen to such an account all the same: what ends the hold, what tightens, and what staff do
# with their own rights.
GOES_ON = frozenset(
    {
        Event.CHANGE_STOPPED,
        Event.CHANGE_UNDONE,
        Event.CHANGE_KEPT,
        Event.STAFF_HOLD_LIFTED,
        Event.STAFF_LIMITS_LIFTED,
        Event.STAFF_PASSWORD_DEMANDED,
        Event.STAFF_SECOND_STEP_REMOVED,
        Event.STAFF_USER_CHANGED,
        Event.STAFF_GRANT_ENDED,
        Event.STAFF_SIGNED_OUT,
        Event.STAFF_METHOD_REMOVED,
        Event.DEACTIVATED,
        Event.ACTIVATED,
        Event.RECOVERY_STOPPED,
        Event.FACTOR_STOPPED,
        Event.ACTIVITY_DISOWNED,
    }
)


class ChangesHeld(Refusal):
    """A change was stopped, and nothing more is changed until that one is undone or kept."""

    status = 409
    template = "errors/changes_held.html"


class SignInHeld(Refusal):
    """All proofs were right. While a change is stopped, only devices that were known long before it
    sign in: whoever made it may know everything else."""

    status = 403
    template = "errors/sign_in_held.html"

    def __init__(self, user: User) -> None:
        super().__init__(user.pk)
        self.since = user.held_since


def demand_none(user: User, event: Event) -> None:
    """Raise ChangesHeld for what must wait. `user` as the database has them: the caller compares the
    version of their credentials, which a stop moves on."""
    if user.held_since is not None and event not in GOES_ON:
        raise ChangesHeld


def lets_in(user: User | None, device: KnownDevice | None) -> bool:
    """Whether the person signs in on this device."""
    return user is None or user.held_since is None or is_old(device)


def is_old(device: KnownDevice | None) -> bool:
    """Whether it was known for long before the change that was stopped: the stop forgot all others. One
    that an unlock letter let in is none; one that was set aside since is one."""
    return device is not None and (device.expires_at is None or device.set_aside_at is not None)


def device_of(request: HttpRequest, user: User) -> KnownDevice | None:
    """This browser as it is known for `user`, or was until it was set aside. Two SELECTs at most."""
    return devices.find(request, user) or devices.find_set_aside(request, user)


def forgetting_by(request: HttpRequest | None, user: User) -> Callable[..., int]:
    """How the person's other devices become strangers by a word that was said without a proof: for good
    if it was said on a device that had been known for long when its session began. By any other, those
    that had been are set aside: to a hold they are the owner's still. One SELECT if the browser holds a
    value."""
    row = getattr(getattr(request, "session", None), "row", None)
    began = (row and row.signed_in_at) or timezone.now()
    here = devices.find(request, user) if request is not None else None
    is_young = here is None or young(user, began).filter(pk=here.pk).exists()
    if not is_young and is_old(here):
        return devices.forget

    def forget(user: User, *, keep: KnownDevice | None) -> int:
        gone = devices.forget(user, keep=keep, since=_long_before(began))
        return gone + devices.set_aside(user, keep=keep)

    return forget


def young(user: User, changed_at: datetime) -> QuerySet[KnownDevice]:
    """The person's devices that were not known for long when the change was made."""
    return KnownDevice.objects.filter(user=user, created_at__gt=_long_before(changed_at))


def _long_before(moment: datetime) -> datetime:
    return moment - timedelta(days=settings.POLICY_UNDO_DAYS)
