"""The second word of two (accounts/flows/approvals.py): what waits, and saying yes or no to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.backends import ask_at_once
from accounts.errors import CredentialsMoved
from accounts.flows import approvals, approvers
from accounts.models import Approval, User
from accounts.outbox import letters_staff
from accounts.outbox.letters import Letter, reader
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit.events import Event


def waiting(actor: User) -> list[Approval]:
    """What `actor` may decide, and what they asked for themselves, newest first: what counts."""
    rows = (
        approvals.live()
        .filter(approved_by=None, act__in=approvals.kinds())
        .select_related("person", "asked_by")
    )
    found = list(rows.order_by("-pk"))
    say = _looked_up(found)
    return [row for row in found if approvals.counts(row, say) and _is_for(actor, row, say)]


def _is_for(actor: User, row: Approval, say: approvals.Saying) -> bool:
    return row.asked_by_id == actor.pk or say(actor, approvals.wish_of(row))


def _looked_up(rows: Sequence[Approval]) -> approvals.Saying:
    """What all of them take to be decided, by as many SELECTs as one of each kind."""
    people: dict[int, User] = {}
    for row in rows:
        row.asked_by = people.setdefault(row.asked_by.pk, row.asked_by)
        if row.person is not None:
            row.person = people.setdefault(row.person.pk, row.person)
    ask_at_once(list(people.values()))
    return approvals.saying([approvals.wish_of(row) for row in rows])


def may_decide(actor: User, row: Approval, say: approvals.Saying = approvals.may_say) -> bool:
    return (
        row.asked_by_id != actor.pk
        and say(actor, approvals.wish_of(row))
        and approvals.counts(row, say)
    )


def find(pk: int) -> Approval | None:
    rows = approvals.live().filter(approved_by=None).select_related("person", "asked_by")
    return rows.filter(pk=pk, act__in=approvals.kinds()).first()


def approve(request: HttpRequest, row: Approval, *, reason: str) -> None:
    """Say yes: it is done with this word, or the asker may go on.

    Raises PermissionDenied for whoever asked or may not do the same, ReauthenticationRequired;
    CredentialsMoved if it was settled meanwhile, or its account changed."""
    demand_fresh_proof(request)
    kind = approvals.kinds()[row.act]
    if kind.page is not None or not may_decide(cast(User, request.user), row):
        raise PermissionDenied
    act = kind.prepare(request, row) if kind.prepare else None
    mail = _answer(request, row, approved=True, reason=reason)
    with transaction.atomic():
        now = _held(request, row)
        if act is None:
            fresh = Approval.objects.filter(pk=now.pk, approved_by=None)
            # From now on: the asker has as long again.
            at = timezone.now()
            version = cast(User, request.user).credentials_version
            if not fresh.update(
                approved_by=request.user.pk, approved_version=version, approved_at=at, asked_at=at
            ):
                raise CredentialsMoved
        else:
            approvals.use_up(now)
        approvals.record(Event.STAFF_APPROVAL_GIVEN, request, now, reason)
        if act is not None:
            act(now.person)
        mail.put()


def refuse(request: HttpRequest, row: Approval, *, reason: str) -> None:
    """Say no, or take back what one asked for. Raises as `approve`."""
    demand_fresh_proof(request)
    mine = row.asked_by_id == request.user.pk
    if not (mine or may_decide(cast(User, request.user), row)):
        raise PermissionDenied
    mail = None if mine else _answer(request, row, approved=False, reason=reason)
    with transaction.atomic():
        actor = guard.acting(request)
        if not (mine or may_decide(actor, row)):
            raise PermissionDenied
        approvals.use_up(row)
        approvals.record(Event.STAFF_APPROVAL_REFUSED, request, row, reason)
        if mail is not None:
            mail.put()


def _held(request: HttpRequest, row: Approval) -> Approval:
    """SECURITY: the row, and all that decides about it, as they are now and held: the person, the
    asker's rights, the second one's."""
    people = {pk for pk in (row.person_id, row.asked_by_id, request.user.pk) if pk}
    people |= set(approvals.kinds()[row.act].people(approvals.wish_of(row)))
    held = User.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=people)
    list(held.order_by("pk"))
    guard.still_alive(request)
    rows = Approval.objects.select_for_update(of=("self",)).select_related("person", "asked_by")
    now = rows.filter(pk=row.pk, asked=row.asked).first()
    if now is None:
        raise CredentialsMoved
    approvals.kinds()[now.act].hold(approvals.wish_of(now))
    actor = User.objects.get(pk=cast(User, request.user).pk)
    if now.asked_by_id == actor.pk or not approvals.may_say(actor, approvals.wish_of(now)):
        raise PermissionDenied
    if not approvals.counts(now):
        raise CredentialsMoved
    return now


def _answer(request: HttpRequest, row: Approval, *, approved: bool, reason: str) -> Letter:
    return letters_staff.approval_answered(
        **reader(row.asked_by),
        **approvers.in_words(approvals.wish_of(row), row.asked_by.language),
        approved=approved,
        goes_on=approvals.kinds()[row.act].prepare is None,
        who=str(request.user),
        reason=reason,
        hours=approvals.HOURS,
    )
