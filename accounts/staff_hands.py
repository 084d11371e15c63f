"""Who did it, as staff read it: whoever was signed in, an operator, or the two whom it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import hands
from audit.trail import Line

ASKED, SECOND = _("Asked for by"), _("Second word by")


@dataclass(frozen=True)
class Hand:
    """`part` is what was theirs of it, where it took two. `subject` is empty for an operator, and for
    nobody known; `person` is None for both, and for whoever is gone."""

    part: str | Promise = ""
    subject: str = ""
    person: User | None = None
    is_operator: bool = False


def subjects(line: Line) -> set[str]:
    """The opaque ids of all who had a hand in it."""
    return {line.actor_id, *hands.besides(line.facts)} - {""}


def of(line: Line, people: Mapping[str, User]) -> list[Hand]:
    """One hand, or two in the order in which they spoke. `people` are those who are there still."""
    if hands.is_operators(line.facts):
        return [Hand(is_operator=True)]
    first, second = (str(line.facts.get(name, "")) for name in ("asked_by", "approved_by"))
    if not (first or second):
        return [Hand("", line.actor_id, people.get(line.actor_id))]
    spoke = ((ASKED, first or line.actor_id), (SECOND, second or line.actor_id))
    return [Hand(part, subject, people.get(subject)) for part, subject in spoke]
