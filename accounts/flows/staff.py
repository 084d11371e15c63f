"""What staff do to people's accounts: with a reason, a row in the trail, a letter to the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeGuard, cast

from django.conf import settings
from django.contrib.admin.utils import label_for_field
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.flows import credentials, notices, password_reset, profile
from accounts.language import known_language
from accounts.lockout import tries
from accounts.models import User
from accounts.outbox import letters
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
ACCESS = ("is_active", *RIGHTS)
MANY = frozenset({"groups", "user_permissions"})


def may_change(actor: User | AnonymousUser, person: User) -> TypeGuard[User]:
    """Staff below the highest change neither the highest nor each other (nobody rises above whoever
    lifts them, and nobody is shut out by an equal)."""
    if not (actor.is_active and actor.is_staff and actor.has_perm("accounts.change_user")):
        return False
    return actor.is_superuser or not (person.is_superuser or person.is_staff)


def may_see(actor: User | AnonymousUser) -> bool:
    """Whoever may see people, or change them, may ask why somebody cannot sign in."""
    rights = ("accounts.view_user", "accounts.change_user")
    return actor.is_active and actor.is_staff and any(map(actor.has_perm, rights))


def changeable(actor: User | AnonymousUser, person: User) -> frozenset[str]:
    """The fields of `person` that `actor` may change: the page draws these, `change` takes no other.

    Rights take the highest rank, so that nobody hands out more than they have. Nobody changes their
    own access, so somebody of the highest rank always stays.
    """
    if not may_change(actor, person):
        return frozenset()
    access: tuple[str, ...] = ACCESS if actor.is_superuser else ("is_active",)
    return frozenset(profile.FIELDS) | frozenset(() if person.pk == actor.pk else access)


def held_for(request: HttpRequest | None, person: User, *, own: bool = True) -> User:
    """`person` as they are now, held to the end of the transaction, for an act of the staff who are
    signed in, or of an operator, who has no request. Raises PermissionDenied for whom the actor may not
    change (nor, unless `own`, themselves); User.DoesNotExist.

    SECURITY: of both as they are now, not as the page or the form has them."""
    if request is None:
        return User.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    now = guard.hold(request, person)
    if not may_change(request.user, now) or (request.user.pk == now.pk and not own):
        raise PermissionDenied
    return now


def change(request: HttpRequest, person: User, values: Mapping[str, Any], *, reason: str) -> None:
    """Store `values` on `person`, rights among them, all in one transaction or none.

    Raises PermissionDenied for what the actor may not change, ReauthenticationRequired without a
    fresh proof, CredentialsMoved if the person's access changed since `person` was loaded. Switching
    somebody off or on, and any change of rights, ends their sessions, reset links and logins under
    way.
    """
    demand_fresh_proof(request)
    letter = told(request, person, partial(_what_changed, values), reason)
    with transaction.atomic():
        before = held_for(request, person)
        if not values.keys() <= changeable(request.user, before):
            raise PermissionDenied
        if not values:
            return
        _store(person, values)
        switched, rights = "is_active" in values, bool(values.keys() & set(RIGHTS))
        if switched or not rights:
            trail.record(
                Event.STAFF_USER_CHANGED,
                actor=cast(User, request.user),
                subject=person,
                request=request,
                fields=list(values),
                reason=reason,
            )
        if switched:
            event = Event.ACTIVATED if values["is_active"] else Event.DEACTIVATED
            _end_what_is_open(request, person, event, letter, reason=reason)
        elif rights:
            event = Event.STAFF_USER_CHANGED
            _end_what_is_open(request, person, event, letter, fields=list(values), reason=reason)
        else:
            letter.put()


def _store(person: User, values: Mapping[str, Any]) -> None:
    columns = [field for field in values if field not in MANY]
    for field in columns:
        setattr(person, field, values[field])
    if columns:
        person.save(update_fields=columns)
    for field in MANY & values.keys():
        getattr(person, field).set(values[field])


def _end_what_is_open(
    request: HttpRequest, person: User, event: Event, letter: letters.Letter, **facts: Any
) -> None:
    credentials.moved(
        person,
        event,
        request=request,
        letters=[letter],
        end_others=True,
        actor=request.user,
        **facts,
    )


def _what_changed(values: Mapping[str, Any]) -> str:
    """What was done to the account, in sentences of the language that is active."""
    said = []
    if "is_active" in values:
        on, off = _("The account was switched on."), _("The account was switched off.")
        said.append(on if values["is_active"] else off)
    if fields := [field for field in values if field != "is_active"]:
        names = ", ".join(str(label_for_field(field, User)) for field in fields)
        said.append(_("This was changed: %(fields)s.") % {"fields": names})
    return " ".join(said)


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
        now = held_for(request, person)
        tries.forget_failures(now)
        for path in settings.ON_UNLOCKED:
            import_string(path)(now)
        trail.record(
            Event.UNLOCKED_BY_STAFF,
            actor=request.user if request is not None else None,  # type: ignore[arg-type]
            subject=now,
            request=request,
            reason=reason,
        )
        letter.put()


def send_reset_letter(request: HttpRequest, person: User, *, reason: str) -> bool:
    """Queue a reset letter and the one that says staff did it; False for people switched off.

    Raises PermissionDenied and ReauthenticationRequired like `change`."""
    demand_fresh_proof(request)
    if not may_change(request.user, person):
        raise PermissionDenied
    if not person.is_active:
        return False
    mail = told(request, person, _what_was_sent, reason)
    link = password_reset.letter_with_link(person, person.email, by_staff=True)
    with transaction.atomic():
        if not held_for(request, person).is_active:
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
