"""Stopping a change by the link of a letter, undoing it with a proof from before it, or keeping it.

The link alone only tightens: whoever reads an old mailbox signs everybody out, and gets nothing
(docs/undo.md).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import CredentialsMoved, LinkUnusable
from accounts.flows import credentials, undo_proofs
from accounts.flows.notices import to_all
from accounts.lockout import buckets, budgets, tries
from accounts.models import ChangeSet, User
from accounts.outbox import letters
from accounts.passwords import slots
from accounts.requests import OwnRequest
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from accounts.undo import held, parts, sets
from audit import sealing, trail
from audit.events import Event

# At what was before the oldest change that is open, by strangers together, and as many by the owner's
# old devices together: no link may be a place to guess an old password at, and whoever reads a mailbox
# must not use up the owner's tries (NIST SP 800-63B-4 3.2.2 allows a hundred in sum).
TRIES = 50
# A proof that was given waits so long for the new password, in seconds.
PROVED_SECONDS = 600
PROVED = "undo_proved"


def stop(request: HttpRequest, row: ChangeSet) -> None:
    """End every session, refuse sign-ins but on devices that were known long before the change, refuse
    all further changes, and tell everybody; once. A row that is stopped already stays as it is.

    Raises LinkUnusable if the change was undone or kept in this moment."""
    user = row.user
    happened = letters.Happening.of(request, user=user)
    former = _addresses_before(row)
    mail = to_all(user, letters.change_stopped, also=former, kind=row.kind, happened=happened)
    if settings.SUPPORT_EMAIL:
        mail.append(
            letters.change_stopped_for_staff(
                username=user.username,
                kind=_kind(row),
                to=settings.SUPPORT_EMAIL,
                language=settings.LANGUAGE_CODE,
            )
        )
    here = credentials.current_session_key(request, user)
    with transaction.atomic():
        # Whatever has changed since the page was shown: this only tightens.
        user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
        now = timezone.now()
        if not sets.alive(now).filter(pk=row.pk, stopped_at=None).update(stopped_at=now):
            if sets.alive(now).filter(pk=row.pk).exists():
                return
            raise LinkUnusable(of="undo")
        User.objects.filter(pk=user.pk, held_since=None).update(held_since=now)
        # SECURITY: of the first change, whichever letter was opened: a stranger's browser grows old too
        # while they go on changing things.
        held.young(user, sets.first_of(row).created_at).delete()
        credentials.moved(
            user,
            Event.CHANGE_STOPPED,
            request=request,
            letters=mail,
            end_others=True,
            kind=row.kind,
        )
        guard.end_all(user)
    if here:
        request.session.flush()
        request.user = AnonymousUser()


def prove(request: HttpRequest, row: ChangeSet, typed: str) -> bool:
    """Whether `typed` is the password that was in use for long before the change, and before all others
    that are open, or a code of a second step that was there; remembered in this session, under a new
    key. A try is taken before anything is compared, of those that this kind of device has. Raises
    TooManyTries; LinkUnusable when there are no more; HashingBusy."""
    if row.stopped_at is None:
        raise LinkUnusable(of="undo")
    user = row.user
    _take_try(request, row)
    with slots.calling(tries.caller(request, user)):
        right = undo_proofs.is_from_before(user, row, typed)
    if not right:
        trail.record(Event.UNDO_FAILED, subject=user, request=request)
        return False
    guard.cycle(request)
    request.session[PROVED] = {
        "row": row.pk,
        "version": user.credentials_version,
        "at": time.time(),
    }
    return True


def _take_try(request: HttpRequest, row: ChangeSet) -> None:
    known = held.is_old(held.device_of(request, row.user))
    if known:
        budgets.spend(budgets.UNDO_PROOFS, f"devices of user:{row.user_id}")
    else:
        network = buckets.network_bucket(request)
        budgets.spend_share(budgets.UNDO_PROOFS, f"user:{row.user_id}", by=network)
    count = "known_tries" if known else "tries"
    first = sets.first_of(row)
    mine = sets.alive().filter(pk=first.pk, **{f"{count}__lt": TRIES})
    if not mine.update(**{count: F(count) + 1}):
        raise LinkUnusable(of="undo" if known else "undo_tries")
    # SECURITY: noted at the others too: the next is the first once the time of this one is over.
    sets.since(first).exclude(pk=first.pk).update(**{count: F(count) + 1})


def has_proved(request: HttpRequest, row: ChangeSet) -> bool:
    """Whether this session proved it, not long ago, and nothing has changed since."""
    kept = request.session.get(PROVED) or {}
    fits = (kept.get("row"), kept.get("version")) == (row.pk, row.user.credentials_version)
    return fits and time.time() - kept.get("at", 0) <= PROVED_SECONDS


def name_after(row: ChangeSet) -> str:
    """The username under which its person signs in once it is put back. Raises SealBroken."""
    former = sets.former_of(sets.first_of(row))
    return str(former.get("username", {}).get("name", row.user.username))


def put_back(request: HttpRequest, row: ChangeSet, password: str) -> None:
    """Make everything as it was before the change, but the password: that is a new one, whatever it
    was. Once for all who race; whatever else was changed since goes with it.

    Raises LinkUnusable unless this session has proved it; HashingBusy."""
    if not has_proved(request, row):
        raise LinkUnusable(of="undo")
    user = row.user
    with slots.calling(tries.caller(request, user)):
        hashed = make_password(password)
    first = sets.first_of(row)
    rows = list(sets.since(first))
    former = sets.left_of(first, rows)
    happened = letters.Happening.of(request, user=user)
    addresses = former["address"]["since"] if "address" in former else [user.email]
    mail = [
        letters.change_undone(happened=happened, **letters.reader(user, to=address))
        for address in addresses
    ]
    kinds = sets.kinds_of(rows)
    try:
        with transaction.atomic():
            user = _held(user)
            now = timezone.now()
            mine = sets.alive(now).filter(pk__in=[one.pk for one in rows])
            if mine.update(closed_at=now) != len(rows):
                raise CredentialsMoved
            # What limits lean on comes and goes with second steps, and they with it.
            undone = {*kinds, "limits"} if "factor" in kinds else set(kinds)
            for kind, part in parts.every().items():
                if kind in undone and kind in former:
                    part.put_back(user, former[kind])
            _open(user, password=hashed, password_changed_at=now, password_must_change=None)
            credentials.moved(
                user,
                Event.CHANGE_UNDONE,
                request=request,
                letters=mail,
                end_others=True,
                kinds=kinds,
            )
            guard.end_all(user)
            tries.forget_failures(user)
    except (CredentialsMoved, IntegrityError):
        raise LinkUnusable(of="undo") from None
    request.session.pop(PROVED, None)


def keep(request: OwnRequest) -> bool:
    """The stopped changes were the person's own: they stay, and the account is open again. Only a
    session that the hold lets in gets here, and under a fresh proof. False if nothing is stopped.

    Raises ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    if request.user.held_since is None:
        return False
    happened = letters.Happening.of(request, user=request.user)
    mail = to_all(request.user, letters.change_kept, happened=happened)
    with transaction.atomic():
        guard.still_alive(request)
        user = _held(request.user)
        credentials.moved(
            user,
            Event.CHANGE_KEPT,
            request=request,
            letters=mail,
            end_others=False,
            kinds=_close_stopped(user),
        )
    return True


def addresses_from_before(user: User) -> list[str]:
    """Whom the stopped changes of this person may have cut off. One SELECT."""
    stopped = sets.alive().filter(user=user).exclude(stopped_at=None)
    return [address for row in stopped for address in _addresses_before(row)]


def _addresses_before(row: ChangeSet) -> list[str]:
    """None where what was before does not open: the change is stopped all the same."""
    try:
        return list(sets.former_of(row).get("address", {}).get("since", {}))
    except sealing.SealBroken:
        return []


def lift(
    user: User,
    *,
    request: HttpRequest | None,
    actor: Any,
    reason: str,
    mail: Sequence[letters.Letter],
) -> int:
    """Staff or an operator open the account again; the changes stay. Inside the transaction of their
    act, with the person held. Returns how many sessions ended."""
    _close_stopped(user)
    return credentials.moved(
        user,
        Event.STAFF_HOLD_LIFTED,
        request=request,
        letters=mail,
        end_others=True,
        actor=actor,
        reason=reason,
    )


def _kind(row: ChangeSet) -> letters.ChangeKind:
    return cast(letters.ChangeKind, row.kind)


def _held(user: User) -> User:
    """The person as they are now, held to the end of the transaction. Raises CredentialsMoved for one
    who was changed since."""
    people = User.objects.select_for_update(of=("self",), no_key=True)
    found = people.filter(pk=user.pk, credentials_version=user.credentials_version).first()
    if found is None:
        raise CredentialsMoved
    return found


def _close_stopped(user: User) -> list[str]:
    """Nothing is stopped any more; of which kinds something was."""
    rows = sets.alive().filter(user=user)
    kinds = sets.kinds_of(rows.exclude(stopped_at=None))
    # All that were made until now: their letters would stop the account again, one after the other.
    rows.update(closed_at=timezone.now())
    _open(user)
    return kinds


def _open(user: User, **values: Any) -> None:
    User.objects.filter(pk=user.pk).update(held_since=None, **values)
    user.held_since = None
    for name, value in values.items():
        setattr(user, name, value)
