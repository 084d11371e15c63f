"""Two pairs of eyes: what would let one stolen staff account reach every other takes two of staff.

Two ways lead there. What is done on the page it is asked for on is done by the second who asks for the
same (`settle`). The rest waits under `ask` until a second one says yes to exactly that (`approve`), on
a page of its own: it is done with their word, or the asker goes on with it themselves, once (`spend`).
Each kind is named in settings.APPROVALS.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.signals import setting_changed
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from accounts.errors import AskedAlready, CredentialsMoved
from accounts.flows.rights import rank
from accounts.models import Approval, User
from accounts.outbox.letters import Letter
from audit import strange, trail
from audit.events import Event
from audit.fact_words import STAFF_MARKS
from audit.models import Entry
from audit.trail import Two

# How long a first word waits for the second one, and a second one for the asker to go on.
HOURS = 24
# Somebody's rights are taken and given back in a minute: a colleague is one for a while after.
LATELY = timedelta(hours=72)
ALONE = Two()


@dataclass(frozen=True)
class Wish:
    """What is asked for, as in `Approval`: `act` is a word of settings.APPROVALS."""

    act: str
    permission: str
    person: User | None = None
    about: int = 0
    asked: Mapping[str, Any] = field(default_factory=dict)


Allowing = Callable[[User, Wish], bool]
Saying = Callable[[User | AnonymousUser, Wish], bool]


@dataclass(frozen=True)
class Kind:
    """`name` is what would be done, `said(wish)` exactly that in sentences of the active language.
    `allows(wishes)` looks up once what deciding about any of these takes, and returns what says of one
    actor and one of them whether it may be, besides the permission.
    `prepare(request, approval)` does what belongs before the transaction of the second word, and
    returns what is done inside, with the person as they are then; None where the asker goes on.
    `page(approval)`: where the second does it instead, by asking for the same. `hold(wish)` locks what
    `allows` decides by besides people, to the end of the transaction of the second word. `people(wish)`
    are the numbers of those whom the act holds besides its person: all are held at once, in one order.
    `command`: what an operator does it by, who needs no second word."""

    name: str | Promise
    said: Callable[[Wish], list[str]] = lambda wish: []
    allows: Callable[[Sequence[Wish]], Allowing] = lambda wishes: lambda actor, wish: True
    prepare: Callable[[HttpRequest, Approval], Callable[[User | None], object]] | None = None
    page: Callable[[Approval], str] | None = None
    hold: Callable[[Wish], None] = lambda wish: None
    people: Callable[[Wish], Collection[int]] = lambda wish: ()
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
    return saying([wish])(actor, wish)


def saying(wishes: Sequence[Wish]) -> Saying:
    """`may_say` about any of these, by as many SELECTs as about one of each kind."""
    allows = {
        act: kinds()[act].allows([wish for wish in wishes if wish.act == act])
        for act in {wish.act for wish in wishes}
    }

    def may_say(actor: User | AnonymousUser, wish: Wish) -> bool:
        allowed = may(actor, wish.person, wish.permission)
        return allowed and allows[wish.act](cast(User, actor), wish)

    return may_say


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
    return person.staff_is_over or _names_rights(lately)


def _names_rights(changes: QuerySet[Entry]) -> bool:
    """SECURITY: whoever wrote them, and also where one does not read: a row that somebody slipped in
    may cost a second word, and never saves one."""
    try:
        found = list(changes.values_list("event", "facts"))
    except strange.UNREADABLE:
        return True
    return any(event == Event.STAFF_GRANT_ENDED or _is_of_rights(facts) for event, facts in found)


def _is_of_rights(facts: Any) -> bool:
    """Whether marks of staff are among the fields that were changed, or nobody can tell."""
    fields = facts.get("fields", []) if isinstance(facts, dict) else None
    return not isinstance(fields, list) or any(mark in fields for mark in STAFF_MARKS)


# --- the first word -------------------------------------------------------------------------------


def ends_at(row: Approval) -> datetime:
    return row.asked_at + timedelta(hours=HOURS)


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


def in_the_way(wish: Wish, *, besides: User) -> Approval | None:
    """What a colleague has asked for of the same kind about the same person, and counts: it is answered
    before anything else of that kind is asked."""
    rows = live().filter(act=wish.act, person=wish.person).exclude(asked_by=besides)
    found = rows.select_related("asked_by", "person").first() if wish.person else None
    return found if found and counts(found) else None


def counts(row: Approval, say: Saying = may_say) -> bool:
    moved = row.person is not None and row.person.credentials_version != row.credentials_version
    return (
        not moved
        and speaks_still(row.asked_by, row.asked_version)
        and say(row.asked_by, wish_of(row))
    )


def speaks_still(who: User, version: int) -> bool:
    """Whether a word that `who` gave at `version` is theirs still.

    SECURITY: a stolen account asks, and says yes. With its owner's new password, or whatever else they
    take it back by, that ends as the thief's sessions do. So it is of one that is held or leaves."""
    return (
        who.credentials_version == version
        and who.held_since is None
        and who.deletion_due_at is None
    )


def settle(
    request: HttpRequest, wish: Wish, *, reason: str, mail: Iterable[Letter] | None
) -> Two | None:
    """Inside the transaction of the act, with its person held: who asked for it where it may be done
    now, for its entry in the trail (ALONE where it takes one); None if it was noted as the first of two
    words, of which `mail` tells. A word is used up by the act, once.
    Raises CredentialsMoved where it would be noted and `mail` is None: a first word was seen when
    letters would have been composed, and is gone. Nobody would hear of this one."""
    actor = cast(User, request.user)
    if wish.person is not None and not takes_two(wish.person):
        return ALONE
    found = first_word(wish, besides=actor)
    if found is not None:
        use_up(found)
        return asked_for(found)
    if mail is None:
        raise CredentialsMoved
    note(request, wish, reason=reason, mail=mail)
    return None


def note(request: HttpRequest, wish: Wish, *, reason: str, mail: Iterable[Letter]) -> Approval:
    """Keep the first word inside a transaction of the caller's, in the place of an older one of the
    asker's, or of one that counts no more. Raises AskedAlready where a colleague's waits."""
    actor, person = cast(User, request.user), wish.person
    same = Approval.objects.filter(act=wish.act, person=person)
    if person is None:
        same = same.filter(asked_by=actor, about=wish.about)
    else:
        _demand_no_other(wish, actor)
    same._raw_delete(same.db)
    row = Approval.objects.create(
        act=wish.act,
        permission=wish.permission,
        person=person,
        about=wish.about,
        asked=dict(wish.asked),
        asked_by=actor,
        asked_version=actor.credentials_version,
        reason=reason,
        credentials_version=person.credentials_version if person else 0,
    )
    record(Event.STAFF_APPROVAL_ASKED, request, row, reason)
    for letter in mail:
        letter.put()
    return row


def _demand_no_other(wish: Wish, actor: User) -> None:
    """SECURITY: what a colleague asked for is answered, by a yes or a no that stands in the trail and
    is told. A newer question would take it away unseen, and with it the yes that it waits for."""
    if row := in_the_way(wish, besides=actor):
        raise AskedAlready(str(row.asked_by), str(row.person), ends_at(row))


def asked_for(row: Approval) -> Two:
    """What the trail says of the first word, where whoever gives the second one acts."""
    return Two(row.pk, asked_by=row.asked_by.subject_id)


def use_up(row: Approval) -> None:
    """SECURITY: one DELETE decides between two who use it at once."""
    mine = Approval.objects.filter(pk=row.pk, asked_at=row.asked_at)
    if not mine._raw_delete(mine.db):
        raise CredentialsMoved


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
