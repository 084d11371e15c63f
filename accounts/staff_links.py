"""How a list of the trail names people and entries: each name leads to everything about them.

A person is drawn once for a list, without a template: its fifty rows name the same few, and two
includes a row were an eighth of a person's page (docs/speed.md)."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.staff_hands import Hand

NOBODY = mark_safe('<span aria-hidden="true">–</span>')
# Of an opaque id: enough to tell two apart in one list; the whole is its title.
ID_LENGTH = 9
_ANY_NUMBER = 2**63 - 1


class Links:
    """Those of one list. `people` are those who are there still, by their opaque ids; `may_see` is
    whether the reader may see people: whoever may not is told usernames alone."""

    def __init__(self, people: Mapping[str, User], *, may_see: bool) -> None:
        self._people, self._may_see = people, may_see
        self._events = reverse("admin:audit_entry_changelist")
        self._entry = reverse("admin:audit_entry_change", args=[_ANY_NUMBER])
        self._drawn: dict[str, SafeString] = {}

    def entry(self, number: int) -> str:
        """The address of its page. The admin is asked for one, and not for fifty."""
        return self._entry.replace(str(_ANY_NUMBER), str(number))

    def person(self, subject: str) -> SafeString:
        """`subject` is an opaque id: empty for nobody, and anybody's who is gone is shown itself."""
        if subject not in self._drawn:
            self._drawn[subject] = self._draw(subject)
        return self._drawn[subject]

    def by(self, hands: list[Hand]) -> SafeString:
        """Whoever did it, with what was theirs of it where it took two."""
        if len(hands) == 1:
            return self._hand(hands[0])
        return format_html_join("", "{}", ((self._hand(hand),) for hand in hands))

    def _hand(self, hand: Hand) -> SafeString:
        whose = self._operator() if hand.is_operator else self.person(hand.subject)
        if not hand.part:
            return whose
        return format_html(
            '<span class="hand"><span class="quiet">{}</span> {}</span> ', hand.part, whose
        )

    @staticmethod
    def _operator() -> SafeString:
        return format_html("{}", _("An operator (command line)"))

    def _draw(self, subject: str) -> SafeString:
        if not subject:
            return NOBODY
        where, person = f"{self._events}?person={subject}", self._people.get(subject)
        if person is None:
            short = Truncator(subject).chars(ID_LENGTH)
            return format_html('<a href="{}" title="{}"><bdi>{}</bdi></a>', where, subject, short)
        link = format_html('<a href="{}"><bdi>{}</bdi></a>', where, person.username)
        if not self._may_see:
            return link
        return link + format_html(' <span class="quiet"><bdi>{}</bdi></span>', person.also_called)
