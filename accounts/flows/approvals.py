"""Two pairs of eyes: what would let one stolen staff account reach every other takes two of staff.

Two ways lead there. What is done on the page it is asked for on is done by the second who asks for the
same (`settle`). The rest waits under `ask` until a second one says yes to exactly that (`approve`), on
a page of its own: it is done with their word, or the asker goes on with it themselves, once (`spend`).
Each kind is named in settings.APPROVALS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.signals import setting_changed
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from accounts.backends import OneHashBackend
from accounts.errors import CredentialsMoved
from accounts.flows.rights import rank
from accounts.language import known_language
from accounts.models import Approval, User
from accounts.outbox import letters_staff
from accounts.outbox.letters import Letter, reader
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event
from audit.models import Entry

# How long a first word waits for the second one, and a second one for the asker to go on.
HOURS = 24
# Somebody's rights are taken and given back in a minute: a colleague is one for a while after.
LATELY = timedelta(hours=72)
# How many are told of one question: the site's administrators, and not a whole department.
MOST_TOLD = 20


@dataclass(frozen=True)
class Wish:
    """What is asked for, as in `Approval`: `act` is a word of settings.APPROVALS."""

    act: str
    permission: str
    person: User | None = None
    about: int = 0
    asked: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """`name` is what would be done, `said(wish)` exactly that in sentences of the active language.
    `allows(actor, wish)`: what the act takes of both besides the permission.
    `prepare(request, approval)` does what belongs before the transaction of the second word, and
    returns what is done inside, with the person as they are then; None where the asker goes on.
    `page(approval)`: where the second does it instead, by asking for the same. `command`: what an
    operator does it by, who needs no second word."""

    name: str | Promise
    said: Callable[[Wish], list[str]] = lambda wish: []
    allows: Callable[[User, Wish], bool] = lambda actor, wish: True
    prepare: Callable[[HttpRequest, Approval], Callable[[User | None], object]] | None = None
    page: Callable[[Approval], str] | None = None
    command: str = ""


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    return {act: import_string(path) for act, path in settings.APPROVALS.items()}


@receiver(setting_changed)
def _forget(**_changed: Any) -> None:
    kinds.cache_clear()


def wish_of(row: Approval) -> Wish:
    return Wish(row.act, row.permission, row.person, row.about, row.asked)


def may(actor: User | AnonymousUser, person: User | None, permission: str) -> bool:
    """Whether `actor` may do, or be one of two who do, what takes `permission`: nobody on themselves,
    whatever their rank, and nobody on those above them, however many they are."""
    return bool(
        actor.is_active
        and actor.is_staff
        and actor.has_perm(permission)
        and (person is None or _reaches(actor, person))
    )


def _reaches(actor: User | AnonymousUser, person: User) -> bool:
    return actor.pk != person.pk and rank(actor) >= rank(person)


def may_say(actor: User | AnonymousUser, wish: Wish) -> bool:
    return may(actor, wish.person, wish.permission) and kinds()[wish.act].allows(
        cast(User, actor), wish
    )


def takes_two(person: User) -> bool:
    """Whether the person works here, or did until lately: whoever could act alone would be one stolen
    account away from every other."""
    return person.is_staff or person.is_superuser or _was_staff_lately(person)


def _was_staff_lately(person: User) -> bool:
    """SECURITY: of all that was changed since, however much: twenty new names must not hide that
    somebody was staff. A grant with an end may be made to run out as well as be taken away."""
    changed, ended = Event.STAFF_USER_CHANGED.value, Event.STAFF_GRANT_ENDED.value
    lately = Entry.objects.filter(
        subject_id=person.subject_id,
        event__in=(changed, ended),
        at__gt=timezone.now() - LATELY,
    )
    rights = {"is_staff", "is_superuser"}
    return person.staff_is_over or any(
        event == ended or rights & set(facts.get("fields", []))
        for event, facts in lately.values_list("event", "facts")
    )


# --- who is asked ---------------------------------------------------------------------------------


def others(wish: Wish, asker: User | AnonymousUser) -> list[User]:
    """Who could give the second word, as far as they are told."""
    able = OneHashBackend().with_perm(wish.permission).filter(is_staff=True)
    besides = [asker.pk or 0, wish.person.pk if wish.person else 0]
    found = able.exclude(pk__in=besides).order_by("-is_superuser", "pk")
    return [one for one in found[:MOST_TOLD] if may_say(one, wish)]


def telling(actor: User | AnonymousUser, wish: Wish, reason: str) -> list[Letter]:
    """The letters to them, before the transaction in which it is asked."""
    return [
        letters_staff.approval_asked(
            **reader(one),
            **in_words(wish, one.language),
            asker=str(actor),
            reason=reason,
            hours=HOURS,
            link=reverse("admin:approvals"),
        )
        for one in others(wish, actor)
    ]


def in_words(wish: Wish, language: str) -> dict[str, Any]:
    kind = kinds()[wish.act]
    with translation.override(known_language(language) or settings.LANGUAGE_CODE):
        return {
            "action": str(kind.name),
            "details": kind.said(wish),
            "about": str(wish.person or ""),
        }


# --- the first word -------------------------------------------------------------------------------


def live() -> QuerySet[Approval]:
    since = timezone.now() - timedelta(hours=HOURS)
    return Approval.objects.filter(asked_at__gt=since)


def first_word(wish: Wish, *, besides: User) -> Approval | None:
    """What another member of staff has said for it, while it counts: not too long ago, about the
    account as it is, by somebody who may say so still."""
    rows = live().filter(act=wish.act, about=wish.about, person=wish.person)
    if wish.person is not None:
        rows = rows.filter(credentials_version=wish.person.credentials_version)
    found = rows.exclude(asked_by=besides).select_related("asked_by", "person").first()
    return found if found and found.asked == wish.asked and counts(found) else None


def counts(row: Approval) -> bool:
    moved = row.person is not None and row.person.credentials_version != row.credentials_version
    return not moved and may_say(row.asked_by, wish_of(row))


def settle(request: HttpRequest, wish: Wish, *, reason: str, mail: Iterable[Letter]) -> bool:
    """Inside the transaction of the act, with its person held: True if it may be done now; False if it
    was noted as the first of two words, of which `mail` tells. A word is used up by the act, once."""
    actor = cast(User, request.user)
    if wish.person is not None and not takes_two(wish.person):
        return True
    found = first_word(wish, besides=actor)
    if found is not None:
        use_up(found)
        return True
    note(request, wish, reason=reason, mail=mail)
    return False


def note(request: HttpRequest, wish: Wish, *, reason: str, mail: Iterable[Letter]) -> Approval:
    """Keep the first word inside a transaction of the caller's, in the place of an older one."""
    actor, person = cast(User, request.user), wish.person
    same = Approval.objects.filter(act=wish.act, person=person)
    if person is None:
        same = same.filter(asked_by=actor, about=wish.about)
    same._raw_delete(same.db)
    row = Approval.objects.create(
        act=wish.act,
        permission=wish.permission,
        person=person,
        about=wish.about,
        asked=dict(wish.asked),
        asked_by=actor,
        reason=reason,
        credentials_version=person.credentials_version if person else 0,
    )
    record(Event.STAFF_APPROVAL_ASKED, request, row, reason)
    for letter in mail:
        letter.put()
    return row


def ask(request: HttpRequest, wish: Wish, *, reason: str) -> Approval:
    """Ask a second one for what is nobody's account: the asker goes on once they said yes (`granted`,
    `spend`).

    Raises PermissionDenied, ReauthenticationRequired."""
    demand_fresh_proof(request)
    mail = telling(request.user, wish, reason)
    with transaction.atomic():
        guard.still_alive(request)
        if not may_say(User.objects.get(pk=cast(User, request.user).pk), wish):
            raise PermissionDenied
        return note(request, wish, reason=reason, mail=mail)


def use_up(row: Approval) -> None:
    """SECURITY: one DELETE decides between two who use it at once."""
    mine = Approval.objects.filter(pk=row.pk, asked_at=row.asked_at)
    if not mine._raw_delete(mine.db):
        raise CredentialsMoved


# --- where the asker goes on ----------------------------------------------------------------------


def granted(actor: User, wish: Wish) -> Approval | None:
    """The word for exactly this that `actor` may use now; `spend` uses it up."""
    rows = live().filter(
        act=wish.act,
        person=wish.person,
        about=wish.about,
        asked_by=actor,
        approved_by__isnull=False,
    )
    found = rows.select_related("approved_by").first()
    if found is None or found.asked != wish.asked or not may(actor, wish.person, wish.permission):
        return None
    return found if may(cast(User, found.approved_by), wish.person, wish.permission) else None


def spend(actor: User, wish: Wish) -> bool:
    """Inside the transaction of the act, or right before it: True once."""
    found = granted(actor, wish)
    if found is None:
        return False
    mine = Approval.objects.filter(pk=found.pk, approved_at=found.approved_at)
    return bool(mine._raw_delete(mine.db))


def purge(batch: int) -> int:
    """Rows that count no more; how many went."""
    over = Approval.objects.filter(asked_at__lt=timezone.now() - timedelta(hours=HOURS))
    keys = list(over.values_list("pk", flat=True)[:batch])
    return over.filter(pk__in=keys)._raw_delete(over.db) if keys else 0


def record(event: Event, request: HttpRequest, row: Approval, reason: str) -> None:
    trail.record(
        event,
        actor=cast(User, request.user),
        subject=row.person,
        request=request,
        act=row.act,
        approval=row.pk,
        reason=reason,
    )
