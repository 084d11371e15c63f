"""Letters that were sent: whether one is ours, and which ones somebody got."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import panels
from accounts.flows import notices
from accounts.lockout import budgets
from accounts.lockout.buckets import network_bucket
from accounts.models import LetterRecord, OutgoingMail, User
from accounts.outbox import references
from accounts.outbox.letters import masked
from accounts.panels import Words

PAGE = 50
STAFF_SEE = 20
STATES: dict[str, Words] = {
    OutgoingMail.State.WAITING: _("Waiting to be sent"),
    OutgoingMail.State.SENT: _("Sent"),
    OutgoingMail.State.DEAD: _("Could not be delivered"),
}


@dataclass(frozen=True)
class Sent:
    """One letter as its reader sees it. `address` is masked; '' where it is none of theirs now."""

    record: LetterRecord
    address: str = ""

    @property
    def about(self) -> Words:
        return panels.letter_called(self.record.letter)

    @property
    def state(self) -> Words:
        return STATES.get(self.record.state, "")


@dataclass(frozen=True)
class Page:
    """`older` is the letter that the next page begins before; None on the last one."""

    letters: list[Sent]
    older: int | None


def check(request: HttpRequest, reference: str, address: str) -> Sent | None:
    """The letter with this reference that we sent to this address. Raises TooManyTries.

    SECURITY: asked for the pair alone, at the same price for every pair, and each is counted for the
    network. A letter may have gone to somebody without an account: that there is one says nothing.
    """
    budgets.spend(budgets.LETTER_CHECKS, network_bucket(request))
    found = references.find(reference, address)
    return Sent(found) if found else None


def sent_to(user: User, before: int | None = None) -> Page:
    """What was sent to `user` within POLICY_ACTIVITY_DAYS, newest first. Two SELECTs, whatever the
    number of letters."""
    rows = references.of_person(user.subject_id, before=before, limit=PAGE + 1)
    shown = rows[:PAGE]
    return Page(list(_with_addresses(user, shown)), shown[-1].pk if len(rows) > PAGE else None)


def _with_addresses(user: User, rows: list[LetterRecord]) -> Iterator[Sent]:
    """Which of their addresses it was is known by its digest: nothing more is kept."""
    theirs = {references.address_digest(one): masked(one) for one in notices.confirmed(user)}
    for row in rows:
        yield Sent(row, theirs.get(row.address, ""))


def last_of(person: User) -> list[Sent]:
    """What staff see of the letters to `person`, newest first: no address, and of an error its kind
    and code (accounts/outbox/errors.py). One SELECT."""
    return [Sent(row) for row in references.of_person(person.subject_id, limit=STAFF_SEE)]


def days() -> int:
    """For how long a letter is known."""
    return int(settings.POLICY_ACTIVITY_DAYS)
