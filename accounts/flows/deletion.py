"""Deleting one's own account: asked for, waited for, and kept after all.

Nothing is erased here: until its date the account is there, and opens for nothing but to be kept
(accounts/confined.py). What happens then: accounts/flows/erasing.py.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import time_zones
from accounts.errors import LastAdministrator
from accounts.flows import credentials
from accounts.flows.notices import to_all
from accounts.models import User
from accounts.outbox import letters_deletion
from accounts.outbox.letters import Happening
from accounts.requests import OwnRequest
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from accounts.undo import sets
from audit import trail
from audit.events import Event


def due_from_now(user: User) -> datetime:
    """When `user`'s account is erased if its deletion is asked for now. Whoever has frozen their
    sign-ins has all the days after that: until then they could not keep it."""
    now = timezone.now()
    start = max(now, user.frozen_until or now)
    return start + timedelta(days=settings.POLICY_DELETION_DAYS)


def days_until(due_at: datetime) -> int:
    """From now on; a day that has begun counts."""
    return -((timezone.now() - due_at) // timedelta(days=1))


def day_of(user: User, due_at: datetime) -> date:
    """The day of `due_at` by the clock of `user`. Whoever signs in before it begins is in time."""
    return due_at.astimezone(time_zones.zone_of(user.time_zone)).date()


def administrators() -> QuerySet[User]:
    """Who can give rights to others, on the staff pages, and will still be there."""
    rows = User.objects.filter(is_active=True, is_staff=True, is_superuser=True)
    rows = rows.filter(staff_until=None, deletion_due_at=None)
    return rows.exclude(frozen_until__gt=timezone.now())


def ask(request: OwnRequest) -> date:
    """Set the account of whoever is signed in to be erased, end every session of theirs, this one
    too, and tell all their addresses; the day.

    Raises ReauthenticationRequired without a fresh proof, LastAdministrator, CredentialsMoved if the
    account changed meanwhile.
    """
    demand_fresh_proof(request)
    user, due_at = request.user, due_from_now(request.user)
    undo = sets.begin(user, "deletion")
    mail = to_all(
        user,
        letters_deletion.deletion_set,
        undo=undo,
        due_at=due_at,
        days=days_until(due_at),
        link=reverse("account_login"),
        happened=Happening.of(request, user=user),
    )
    with transaction.atomic():
        leave_an_administrator(user)
        guard.still_alive(request)
        User.objects.filter(pk=user.pk).update(deletion_due_at=due_at)
        credentials.moved(
            user,
            Event.DELETION_SET,
            request=request,
            letters=mail,
            end_others=True,
            undo=undo,
            days=days_until(due_at),
        )
        # Its own letter stops it to that day, and so do those of what was changed before it.
        sets.lengthen(user.pk, due_at)
        guard.end_all(user)
    request.session.flush()
    request.user = AnonymousUser()  # type: ignore[assignment]
    return day_of(user, due_at)


def leave_an_administrator(user: User) -> None:
    """Raise LastAdministrator if nobody else could administer the site."""
    if user.is_superuser:
        hold_administrators(user)
        demand_another(user)


def hold_administrators(*besides: User) -> None:
    """All who stay, and `besides`, to the end of the transaction.

    SECURITY: in one order and before anybody's session: of two who leave at once the second finds the
    first gone, which it asks (`demand_another`) once it holds them."""
    wanted = {*who_stay(), *(one.pk for one in besides)}
    held = User.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=wanted)
    list(held.order_by("pk").values_list("pk"))


def who_stay() -> set[int]:
    """The numbers of those who can give rights for good."""
    return set(administrators().values_list("pk", flat=True))


def demand_another(user: User) -> None:
    """Raise LastAdministrator if nobody else stays."""
    if is_last_administrator(user):
        raise LastAdministrator


def stays(user: User) -> bool:
    """Whether `user` is one of those who can give rights for good, as they are now."""
    return administrators().filter(pk=user.pk).exists()


def is_last_administrator(user: User) -> bool:
    """As it is now; the page says so before anybody fills it in, and `ask` decides later."""
    return user.is_superuser and not administrators().exclude(pk=user.pk).exists()


def keep(request: OwnRequest) -> bool:
    """The person keeps their account; False if it was not waiting any more, as in another window.

    They have proved all that a sign-in takes: the deletion ended every session from before it.
    Raises SessionEnded, also for an account that was erased in this very moment.
    """
    user = request.user
    mail = to_all(
        user,
        letters_deletion.deletion_cancelled,
        link=reverse("account_rescue"),
        happened=Happening.of(request, user=user),
    )
    with transaction.atomic():
        guard.still_alive(request, awaiting_deletion=True)
        waits = User.objects.filter(pk=user.pk, deletion_due_at__isnull=False)
        if not waits.update(deletion_due_at=None):
            return False
        sets.close_deletion(user)
        trail.record(
            Event.DELETION_CANCELLED, actor=user, subject=user, request=request, how="by_person"
        )
        for letter in mail:
            letter.put()
    return True


def leave_time(user: User | None, until: datetime) -> None:
    """Let an account that awaits its deletion be erased no earlier than POLICY_UNDO_DAYS after `until`:
    its owner may be on a way back in that is not over before. Inside the transaction of that, with the
    person held; two UPDATEs, for nobody too."""
    earliest, pk = until + sets.window(), user.pk if user else 0
    waits = User.objects.filter(pk=pk, deletion_due_at__lt=earliest)
    waits.update(deletion_due_at=earliest)
    sets.lengthen(pk, earliest)


def end_with_a_stopped_change(
    user: User, *, event: Event, request: HttpRequest | None, **_facts: object
) -> None:
    """Somebody stopped a change of this account (docs/undo.md): whoever made it may have asked for the
    deletion, and until that is settled the owner may have no way in to keep it."""
    waits = User.objects.filter(pk=user.pk, deletion_due_at__isnull=False)
    if event is Event.CHANGE_STOPPED and waits.update(deletion_due_at=None):
        trail.record(Event.DELETION_CANCELLED, subject=user, request=request, how="change_stopped")
