"""The sessions somebody has, as they see them, and ending them one by one or all but this."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import places
from accounts.devices import device_icon, device_label
from accounts.models import Session
from accounts.requests import OwnRequest
from accounts.sessions import guard, proofs
from accounts.sessions.store import SEEN_EVERY, ends_at, of_request
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event

PAGE = 20
# What a list needs: never the data, sealed or not.
SHOWN = (
    *("public_id", "device", "user_id", "client_ip", "user_agent", "proved"),
    *("created_at", "last_seen_at", "signed_in_at", "expires_at"),
)
_ID = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_MARK = re.compile(r"([0-9]{1,17})\.([A-Za-z0-9_-]{22})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotTheirs(LookupError):
    """No other session of the person is called that: somebody else's, ended already, or this one."""


@dataclass(frozen=True)
class Listed:
    """One session as its owner sees it. `how`: by which proofs it was opened, oldest first (words of
    accounts/sessions/proofs.py). `device`: the number of the known device, or None. `follows`: it
    stands below another one of the same device."""

    public_id: str
    label: str
    icon: str
    is_this: bool
    is_active: bool
    where: str
    how: tuple[str, ...]
    signed_in: datetime
    last_seen: datetime
    device: int | None
    follows: bool = False


@dataclass(frozen=True)
class Page:
    """`older` is what `listed` takes for the page after this one; '' on the last."""

    sessions: list[Listed]
    older: str
    has_others: bool


def listed(request: OwnRequest, before: str = "") -> Page:
    """A page of the person's living sessions: this one first, then the newest; those of one known
    device together. `before` is the `older` of the page before. One SELECT."""
    user, here = request.user, of_request(request).row
    rows = Session.objects.filter(
        user=user,
        credentials_version=user.credentials_version,
        expires_at__gt=timezone.now(),
    )
    if here is not None:
        rows = rows.exclude(key=here.key)
    if after := _after(before):
        at, public_id = after
        rows = rows.filter(signed_in_at__lte=at).filter(
            Q(signed_in_at__lt=at) | Q(public_id__lt=public_id)
        )
    found = list(rows.order_by("-signed_in_at", "-public_id").only(*SHOWN)[: PAGE + 1])
    others = [row for row in found[:PAGE] if _lives(row, request)]
    ours = [here] if here is not None and not after else []
    older = _mark(found[PAGE - 1]) if len(found) > PAGE else ""
    return Page(
        sessions=_together([_shown(row, here) for row in [*ours, *others]]),
        older=older,
        has_others=bool(others or older or after),
    )


def _lives(row: Session, request: OwnRequest) -> bool:
    """What else the store asks of a row before it takes it for a session."""
    row.user = request.user  # it is; nothing has to be read for it
    suffices = proofs.suffice(row, two_step_on=request.user.two_step_on)
    return suffices and ends_at(row) > timezone.now()


def _shown(row: Session, here: Session | None) -> Listed:
    is_this = here is not None and row.public_id == here.public_id
    signed_in = row.signed_in_at or row.created_at
    return Listed(
        public_id=row.public_id,
        label=device_label(row.user_agent),
        icon=device_icon(row.user_agent),
        is_this=is_this,
        is_active=is_this or timezone.now() - row.last_seen_at < 2 * SEEN_EVERY,
        where=places.where(row.client_ip or ""),
        how=_opened_by(row, signed_in),
        signed_in=signed_in,
        last_seen=row.last_seen_at,
        device=row.device,
    )


def _opened_by(row: Session, signed_in: datetime) -> tuple[str, ...]:
    """Later proofs stand in the record too; whole seconds are kept of each."""
    until = signed_in.timestamp() + 1
    return tuple(str(one["method"]) for one in row.proved if one.get("at", 0) <= until)


def _together(sessions: list[Listed]) -> list[Listed]:
    """In the order given, but those of one device behind the first of it."""
    groups: dict[object, list[Listed]] = {}
    for one in sessions:
        of_device = groups.setdefault(one.device or one.public_id, [])
        of_device.append(replace(one, follows=bool(of_device)))
    return [one for group in groups.values() for one in group]


def _mark(row: Session) -> str:
    since = (row.signed_in_at or row.created_at) - _EPOCH
    return f"{since // timedelta(microseconds=1)}.{row.public_id}"


def _after(mark: str) -> tuple[datetime, str] | None:
    found = _MARK.fullmatch(mark)
    return (_EPOCH + timedelta(microseconds=int(found[1])), found[2]) if found else None


def end(request: OwnRequest, public_id: str) -> str:
    """End one other session of the person, and return what its device is called. Raises NotTheirs,
    ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    if not _ID.fullmatch(public_id):
        raise NotTheirs
    with transaction.atomic():
        guard.still_alive(request)
        its = Session.objects.filter(user=request.user, public_id=public_id)
        its = its.exclude(key=_own_key(request))
        agent = its.values_list("user_agent", flat=True).first()
        if agent is None or not its.delete()[0]:
            raise NotTheirs
        _record(request, 1)
    return device_label(agent)


def sign_out_others(request: OwnRequest) -> int:
    """End all sessions of the person but this one, which gets a new key; returns how many ended.
    They fail on their next request. Raises ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    with transaction.atomic():
        guard.still_alive(request)
        ended = guard.end_others(request.user, _own_key(request))
        if ended:
            _record(request, ended)
    guard.cycle(request)
    return ended


def _own_key(request: OwnRequest) -> str:
    row = of_request(request).row
    return row.key if row is not None else ""


def _record(request: OwnRequest, ended: int) -> None:
    trail.record(
        Event.SESSIONS_ENDED,
        actor=request.user,
        subject=request.user,
        request=request,
        sessions=ended,
        reason="by_person",
    )
