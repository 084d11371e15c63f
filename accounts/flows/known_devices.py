"""The devices somebody signs in with, and making them strangers again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.devices import device_icon, device_label
from accounts.known_devices import devices
from accounts.requests import OwnRequest
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event


@dataclass(frozen=True)
class Listed:
    """One known device as its owner sees it. `until` is set for one that a letter let in."""

    pk: int
    label: str
    icon: str
    is_this: bool
    first_seen: datetime
    last_used: datetime
    until: datetime | None


def of(request: OwnRequest) -> list[Listed]:
    """The person's known devices, this one first, then the one used last. Two SELECTs."""
    here = devices.find(request, request.user)
    listed = [
        Listed(
            pk=device.pk,
            label=device_label(device.user_agent),
            icon=device_icon(device.user_agent),
            is_this=device == here,
            first_seen=device.created_at,
            last_used=device.last_used_at,
            until=device.expires_at,
        )
        for device in devices.of_user(request.user)
    ]
    return sorted(listed, key=lambda device: not device.is_this)


def forget(request: OwnRequest, pk: int) -> int:
    """Make one of the person's devices a stranger; returns how many were known. Raises
    ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    with transaction.atomic():
        guard.still_alive(request)
        return _told(request, devices.forget(request.user, pk=pk))


def forget_others(request: OwnRequest) -> int:
    """Make all but this one strangers, like `forget`."""
    demand_fresh_proof(request)
    with transaction.atomic():
        guard.still_alive(request)
        here = devices.find(request, request.user)
        return _told(request, devices.forget(request.user, keep=here))


def _told(request: OwnRequest, count: int) -> int:
    if count:
        trail.record(
            Event.DEVICE_FORGOTTEN,
            actor=request.user,
            subject=request.user,
            request=request,
            devices=count,
            reason="by_person",
        )
    return count
