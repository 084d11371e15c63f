"""What staff do to people's accounts: with a reason, a row in the trail, a letter to the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.activity import words
from accounts.errors import CredentialsMoved
from accounts.flows import (
    approvals,
    approvers,
    credentials,
    deletion,
    grants,
    holdings,
    notices,
    password_reset,
    rights,
)
from accounts.flows.rights import RIGHTS, changeable, held_for
from accounts.language import known_language
from accounts.lockout import tries
from accounts.models import User
from accounts.outbox import letters
from accounts.outbox.cleaning import prose
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import LONGEST_REASON, Event
from audit.fact_words import STAFF_MARKS
from audit.trail import Two

MANY = holdings.MANY.keys()


def change(request: HttpRequest, person: User, values: Mapping[str, Any], *, reason: str) -> bool:
    """Store `values` on `person`, rights among them, all in one transaction or none. What lets them do
    more waits for a second one of staff instead (accounts/flows/approvals.py): False then.

    Raises PermissionDenied for what the actor may not change, ReauthenticationRequired without a
    fresh proof, CredentialsMoved if the person's access changed since `person` was loaded,
    LastAdministrator for what would leave nobody who may do everything without an end. Switching
    somebody off or on, and any change of rights, ends their sessions, reset links and logins under
    way.
    """
    demand_fresh_proof(request)
    actor = cast(User, request.user)
    # As they are stored: a form has put its values on `person`.
    seen = User.objects.get(pk=person.pk)
    values = grants.with_what_goes(seen, values)
    wanted = {field: value for field, value in values.items() if field in RIGHTS}
    if grants.wakes(seen, values):
        wanted["is_active"] = True
    waits = wanted if grants.raises(seen, wanted) else {}
    at_once = {field: value for field, value in values.items() if field not in waits}
    wish = grants.wish(seen, waits)
    mail = approvers.telling(actor, wish, reason) if waits else []
    moved = grants.names(seen, at_once)
    action = partial(what_changed, at_once, moved)
    letter = told(request, person, action, reason) if at_once else None
    with transaction.atomic():
        is_leaving = grants.leaves(values) and deletion.stays(person)
        if is_leaving:
            deletion.hold_administrators(actor, person)
        acting, before = guard.hold_both(request, person)
        if not (may_act(acting, before) and values.keys() <= changeable(acting, before)):
            raise PermissionDenied
        if wanted and before.credentials_version != person.credentials_version:
            raise CredentialsMoved
        if not grants.hands_out(acting, before, wanted):
            raise PermissionDenied
        if is_leaving:
            deletion.demand_another(before)
        if letter is not None:
            keep(request, person, at_once, letter, reason, moved)
        if waits:
            # With the account as it is by now: what was stored at once may have moved it on.
            now = replace(wish, person=person)
            grants.hold(now)  # a role gets no new name while it is being asked for
            approvals.note(request, now, reason=reason, mail=mail)
    return not waits


def may_act(actor: User, person: User) -> bool:
    """Whether there is anything of theirs that `actor` may change."""
    return bool(changeable(actor, person))


def keep(
    request: HttpRequest | None,
    person: User,
    values: Mapping[str, Any],
    letter: letters.Letter,
    reason: str,
    moved: Mapping[str, Any],
    *,
    two: Two | None = None,
) -> None:
    """Inside the transaction, with the person held and every right asked for. `moved`: the names of the
    roles and permissions that go with it. `two`: who asked for it, where it took two."""
    actor = credentials.hand_of(request)
    _store(person, values)
    switched, rights = "is_active" in values, bool(values.keys() & set(RIGHTS))
    given = [mark for mark in STAFF_MARKS if values.get(mark)]
    if switched or not rights:
        trail.record(
            Event.STAFF_USER_CHANGED,
            actor=actor,
            subject=person,
            request=request,
            fields=list(values),
            reason=reason,
            two=two,
            marks_given=given,
            roles_given=moved.get("roles_given"),
            roles_taken=moved.get("roles_taken"),
            permissions_given=moved.get("permissions_given"),
            permissions_taken=moved.get("permissions_taken"),
        )
    if switched:
        event = Event.ACTIVATED if values["is_active"] else Event.DEACTIVATED
        _end_what_is_open(request, person, event, letter, actor=actor, reason=reason, two=two)
    elif rights:
        event = Event.STAFF_USER_CHANGED
        facts = {"fields": list(values), "reason": reason, "marks_given": given, **moved}
        _end_what_is_open(request, person, event, letter, actor=actor, two=two, **facts)
    else:
        letter.put()


def _store(person: User, values: Mapping[str, Any]) -> None:
    columns = [field for field in values if field not in MANY]
    for field in columns:
        setattr(person, field, values[field])
    if "is_staff" in values and not person.is_staff and not person.is_superuser:
        person.staff_until = None
        columns.append("staff_until")
    if "staff_until" in columns:
        person.staff_end_told = False
        columns.append("staff_end_told")
    if columns:
        person.save(update_fields=columns)
    for field in MANY & values.keys():
        getattr(person, field).set(values[field])


def _end_what_is_open(
    request: HttpRequest | None,
    person: User,
    event: Event,
    letter: letters.Letter,
    *,
    actor: Any,
    **facts: Any,
) -> None:
    credentials.moved(
        person,
        event,
        request=request,
        letters=[letter],
        end_others=True,
        actor=actor,
        **facts,
    )


def what_changed(values: Mapping[str, Any], moved: Mapping[str, Any]) -> str:
    """What was done to the account, in sentences of the language that is active."""
    said = []
    if "is_active" in values:
        on, off = _("The account was switched on."), _("The account was switched off.")
        said.append(on if values["is_active"] else off)
    fields = [field for field in values if field != "is_active"]
    if names := words.fields({"fields": fields, **moved}):
        said.append(_("This was changed: %(fields)s.") % {"fields": names})
    # Whoever makes roles names them: a letter says it, and nothing in it is a link.
    return " ".join([*said, *(prose(one, LONGEST_REASON) for one in words.rights_moved(moved))])


def _what_was_sent() -> str:
    return _("An email with a link to choose a new password was sent.")


def _what_was_opened() -> str:
    return _("Your account was opened for sign-in again: wrong passwords are counted anew.")


def told(
    request: HttpRequest | None,
    person: User,
    action: Callable[[], str],
    reason: str,
    *,
    to: str = "",
) -> letters.Letter:
    """`action` is said in the person's language, not in that of the staff who acted. An operator
    acts without a request."""
    with translation.override(known_language(person.language) or settings.LANGUAGE_CODE):
        said = action()
    # When, and no more: the device and the network are those of the desk.
    happened = letters.Happening(at=timezone.now(), time_zone=person.time_zone)
    return letters.staff_changed(
        **letters.reader(person, to=to),
        action=said,
        reason=reason,
        happened=happened,
    )


def told_everywhere(
    request: HttpRequest | None,
    person: User,
    action: Callable[[], str],
    reason: str,
    *,
    also: Iterable[str] = (),
) -> list[letters.Letter]:
    """The same to each confirmed address, and to those in `also`: of what is about all the account."""
    one = told(request, person, action, reason)
    addresses = dict.fromkeys([*notices.confirmed(person), *also])
    others = [address for address in addresses if address != person.email]
    return [one, *(told(request, person, action, reason, to=address) for address in others)]


def unlock(request: HttpRequest | None, person: User, *, reason: str) -> None:
    """Open `person`'s account for further tries, from everywhere, and tell them; password, sessions
    and known devices stay as they are, and so do the limits of networks and of the site.

    By the staff who are signed in, or by an operator at the command line, who has no request.
    Raises PermissionDenied and ReauthenticationRequired like `change`.
    """
    if request is not None:
        demand_fresh_proof(request)
    letter = told(request, person, _what_was_opened, reason)
    with transaction.atomic():
        now = held_for(request, person, rights.UNLOCK)
        tries.forget_failures(now)
        for path in settings.ON_UNLOCKED:
            import_string(path)(now)
        trail.record(
            Event.UNLOCKED_BY_STAFF,
            actor=credentials.hand_of(request),
            subject=now,
            request=request,
            reason=reason,
        )
        letter.put()


def send_reset_letter(request: HttpRequest, person: User, *, reason: str) -> bool:
    """Queue a reset letter and the one that says staff did it; False for people switched off.

    Raises PermissionDenied and ReauthenticationRequired like `change`."""
    demand_fresh_proof(request)
    if not rights.may(request.user, person, rights.SEND_RESET):
        raise PermissionDenied
    if not person.is_active:
        return False
    mail = told(request, person, _what_was_sent, reason)
    link = password_reset.letter_with_link(person, person.email, by_staff=True)
    with transaction.atomic():
        if not held_for(request, person, rights.SEND_RESET).is_active:
            raise PermissionDenied
        link.put()
        mail.put()
        trail.record(
            Event.STAFF_RESET_LETTER_SENT,
            actor=request.user,
            subject=person,
            request=request,
            reason=reason,
        )
    return True
