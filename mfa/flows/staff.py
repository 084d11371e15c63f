"""What staff do about people who lost their second step: with a reason, a row in the trail, a letter
to every address. About colleagues, two of them do it (accounts/flows/approvals.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _later

from accounts.errors import CredentialsMoved
from accounts.flows import approvals, approvers, credentials
from accounts.flows.approvals import Kind, Wish
from accounts.flows.notices import confirmed
from accounts.management.operator import PersonAct
from accounts.models import Approval, Session, User
from accounts.outbox.letters import Letter
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event
from audit.trail import Two
from mfa.factors import Factors
from mfa.flows import changes, recovery, wiping
from mfa.models import RecoveryRequest
from mfa.recovery import letters

SHORTEN, REMOVE = "mfa.shorten_recoveryrequest", "mfa.remove_second_step"


def shorten(request: HttpRequest, person: User, row: RecoveryRequest, *, reason: str) -> bool:
    """End the wait: from now on the person may set up a new second step. False if this was the first
    word of two.

    Raises PermissionDenied, ReauthenticationRequired; CredentialsMoved if the request waits no more.
    """

    def act(now: User, two: Two) -> None:
        at = timezone.now()
        mine = recovery.waiting(now).filter(pk=row.pk, ready_at__gt=at)
        until = at + timedelta(days=settings.POLICY_RECOVERY_OPEN_DAYS)
        # Told anew, by the worker: what the letters said is not so any more.
        if not mine.update(ready_at=at, ends_at=until, last_told_on=None):
            raise CredentialsMoved
        User.objects.filter(pk=now.pk).update(recovery_ready_at=at)
        trail.record(
            Event.STAFF_RECOVERY_SHORTENED,
            actor=cast(User, request.user),
            subject=now,
            request=request,
            reason=reason,
            two=two,
        )

    mail = letters.by_staff(person, _wait_ended, reason)
    return do(request, person, "shorten", SHORTEN, act, mail, reason=reason, about=row.pk)


def reopen(request: HttpRequest, person: User, *, reason: str) -> bool:
    """Let somebody whose requests were stopped twice ask again. Returns and raises as `shorten`."""

    def act(now: User, two: Two) -> None:
        if not recovery.stops_of(now).update(counts=False):
            raise CredentialsMoved
        trail.record(
            Event.STAFF_RECOVERY_REOPENED,
            actor=cast(User, request.user),
            subject=now,
            request=request,
            reason=reason,
            two=two,
        )

    mail = letters.by_staff(person, _opened_again, reason)
    return do(request, person, "reopen", SHORTEN, act, mail, reason=reason)


def remove(request: HttpRequest, person: User, *, reason: str) -> bool:
    """Take away all second steps; the password alone signs in from then on, and leads whoever must
    have a second step to where one is set up. Returns and raises as `shorten`."""
    mail = letters.by_staff(person, _removed, reason)
    return do(
        request,
        person,
        "remove",
        REMOVE,
        lambda now, two: _remove(now, request=request, reason=reason, two=two),
        mail,
        reason=reason,
    )


def remove_by_operator(person: User, *, reason: str) -> int:
    """The same from the command line, where nobody is signed in; how many sessions ended."""
    mail = letters.by_staff(person, _removed, reason)
    with transaction.atomic():
        people = User.objects.select_for_update(of=("self",), no_key=True)
        ended = _remove(people.get(pk=person.pk), request=None, reason=reason)
        for letter in mail:
            letter.put()
    return ended


def _remove(
    person: User, *, request: HttpRequest | None, reason: str, two: Two | None = None
) -> int:
    wiping.remove_all(person)
    changes.keep_state(person, Factors())
    User.objects.filter(pk=person.pk).update(
        recovery_ready_at=None, passkey_for_changes=False, resets_need_proof=False
    )
    return credentials.moved(
        person,
        Event.STAFF_SECOND_STEP_REMOVED,
        request=request,
        letters=[],
        end_others=True,
        actor=credentials.hand_of(request),
        reason=reason,
        two=two,
    )


def do(
    request: HttpRequest,
    person: User,
    name: str,
    permission: str,
    act: Callable[[User, Two], object],
    mail: list[Letter],
    *,
    reason: str,
    about: int = 0,
    asked: Mapping[str, Any] | None = None,
) -> bool:
    """`act(person, two)` is told who asked for it, for its entry in the trail.

    SECURITY: rights are asked of both as they are now, held, and not as a page had them."""
    demand_fresh_proof(request)
    actor = cast(User, request.user)
    wish = Wish(name, permission, person, about, asked or {})
    is_first = approvals.takes_two(person) and not approvals.first_word(wish, besides=actor)
    # Composed before the lock, by what is seen here; what it is, `settle` decides behind it.
    told = approvers.telling(actor, wish, reason) if is_first else None
    with transaction.atomic():
        asking, now = guard.hold_both(request, person)
        if not approvals.may(asking, now, permission):
            raise PermissionDenied
        if now.credentials_version != person.credentials_version:
            raise CredentialsMoved
        two = approvals.settle(request, replace(wish, person=now), reason=reason, mail=told)
        if two is None:
            return False
        act(now, two)
        for letter in mail:
            letter.put()
    return True


def _wait_ended() -> str:
    return _(
        "The waiting period of a request to remove two-step sign-in was ended: with your password and"
        " a code from your mailbox a new second step can be set up now."
    )


def _opened_again() -> str:
    return _("You can ask again for a new second step, although such requests were stopped twice.")


def _removed() -> str:
    return _(
        "All second steps of your account were removed, and all devices were signed out: your password"
        " alone signs you in until you set up a new one."
    )


def _page_of(name: str) -> Callable[[Approval], str]:
    """Where the second one asks for the same: of a request, or of its person."""

    def page(row: Approval) -> str:
        return reverse(f"admin:mfa_{name}", args=[row.about or row.person_id])

    return page


def _still_wait(wishes: Sequence[Wish]) -> approvals.Allowing:
    """A word about a request that is over is about nothing."""
    rows = RecoveryRequest.objects.filter(state=RecoveryRequest.State.WAITING)
    wait = set(rows.filter(pk__in={wish.about for wish in wishes}).values_list("pk", flat=True))
    return lambda actor, wish: wish.about in wait


SHORTEN_KIND = Kind(_later("End the wait"), allows=_still_wait, page=_page_of("recovery_shorten"))
REOPEN_KIND = Kind(_later("Let them ask again"), page=_page_of("recovery_reopen"))
REMOVE_KIND = Kind(
    _later("Remove all second steps"),
    page=_page_of("second_step_remove"),
    command="manage.py auth_user remove-mfa",
)


# --- the command line ------------------------------------------------------------------------------


NAMES = {
    "AuthenticatorApp": ("authenticator app", "authenticator apps"),
    "Passkey": ("passkey", "passkeys"),
    "TextedCode": ("texted codes", "texted codes"),
    "MailedCode": ("mailed codes", "mailed codes"),
    "RecoveryCodes": ("recovery codes", "recovery codes"),
    "TrustedBrowser": ("trusted browser", "trusted browsers"),
}


def _effect(person: User) -> str:
    """What would happen, in one line for an operator; '' if there is nothing to be removed."""
    held = wiping.count(person)
    if not held and not person.two_step_on:
        return ""
    sessions = Session.objects.filter(user=person, expires_at__gt=timezone.now()).count()
    return (
        f"Removes: {', '.join(_named(name, held[name]) for name in held) or 'nothing but the state'}."
        f" Ends {sessions} session{'' if sessions == 1 else 's'}."
        f" Tells {', '.join(confirmed(person))}."
    )


def _named(kind: str, number: int) -> str:
    one, many = NAMES[kind]
    return one if number == 1 else f"{number} {many}"


def _facts(person: User) -> Mapping[str, Any]:
    return {"removes": wiping.count(person)}


def _by_operator(person: User, reason: str) -> Mapping[str, Any]:
    return {"sessions_ended": remove_by_operator(person, reason=reason)}


remove_mfa = PersonAct(effect=_effect, facts=_facts, do=_by_operator)
