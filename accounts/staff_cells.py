"""The rows of a list of the trail, drawn without a template.

By a template's conditions and look-ups fifty rows were half of what a person's page costs to draw
(docs/speed.md). SECURITY: so nothing here escapes by itself. What is not written out in this file goes
through `_said`, and has been through it where it is called safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.flows import alerts, rights
from accounts.models import User
from accounts.staff_facts import Fact
from accounts.staff_hands import Hand

if TYPE_CHECKING:
    from accounts.staff_events import Shown

IN_FIGURES, IN_WORDS = "Y-m-d H:i:s", "DATETIME_FORMAT"
# Of an opaque id: enough to tell two apart in one list; the whole is its title.
ID_LENGTH = 9
FACT_LENGTH = 80
_ANY_NUMBER = 2**63 - 1


def _said(value: object) -> str:
    return escape(str(value))


class Cells:
    """Those of one list, in the language of whoever asks for it and with what they may see. `people`
    are those who are there still, by their opaque ids; each is drawn once."""

    def __init__(self, request: HttpRequest, people: Mapping[str, User]) -> None:
        self._people = people
        self._may_see = rights.may_see(request.user)
        self._may_see_alerts = alerts.may_see(request.user)
        self._events = _said(reverse("admin:audit_entry_changelist"))
        # The admin is asked for one address, and not for fifty.
        self._entry = _said(reverse("admin:audit_entry_change", args=[_ANY_NUMBER]))
        self._drawn = {"": '<span aria-hidden="true">–</span>'}
        self._who, self._about = _said(_("Who")), _said(_("About"))
        self._operator = _said(_("An operator (command line)"))
        self._same_network, self._same_request = _said(_("Same network")), _said(_("Same request"))

    def row(self, row: Shown, when: str) -> SafeString:
        """The whole row; `when` is the format of its time."""
        parts = (
            f'<tr>\n<th scope="row">{self._when(row.line.id, row.line.at, when)}</th>\n',
            f"<td>{''.join(self._what(row))}</td>\n",
            f'<td data-label="{self._who}">{"".join(map(self._hand, row.hands))}</td>\n',
            f'<td data-label="{self._about}">{self._person(row.line.subject_id)}</td>\n',
            f"<td>{''.join(self._whence(row))}</td>\n</tr>\n",
        )
        return mark_safe("".join(parts))

    def _when(self, number: int, at: datetime, form: str) -> str:
        url = self._entry.replace(str(_ANY_NUMBER), str(number))
        shown = _said(date_format(localtime(at), form))
        return f'<a href="{url}"><time datetime="{at.isoformat()}">{shown}</time></a>'

    def _what(self, row: Shown) -> Iterator[str]:
        yield f"<strong>{_said(row.said)}</strong> <code>{_said(row.line.event)}</code>"
        if row.label:
            yield f' <bdi class="label">{_said(row.label)}</bdi>'
        if row.facts:
            yield f'\n<ul class="facts">{"".join(map(self._fact, row.facts))}</ul>'

    def _fact(self, fact: Fact) -> str:
        if fact.alert and self._may_see_alerts:
            url = _said(reverse("admin:audit_alert_change", args=[fact.alert]))
            value = f'<a href="{url}">{_said(fact.value)}</a>'
        else:
            value = f"<bdi>{_said(Truncator(fact.value).chars(FACT_LENGTH))}</bdi>"
        return f"<li>{_said(fact.label)}: {value}</li>"

    def _hand(self, hand: Hand) -> str:
        """Whoever did it, with what was theirs of it where it took two."""
        whose = self._operator if hand.is_operator else self._person(hand.subject)
        if not hand.part:
            return whose
        return f'<span class="hand"><span class="quiet">{_said(hand.part)}</span> {whose}</span> '

    def _person(self, subject: str) -> str:
        if subject not in self._drawn:
            self._drawn[subject] = self._link("person", subject, *self._named(subject))
        return self._drawn[subject]

    def _named(self, subject: str) -> tuple[str, str, str]:
        """What a person's link says, has as its title, and has beside it. Anybody's who is gone says
        their opaque id."""
        person = self._people.get(subject)
        if person is None:
            return f"<bdi>{_said(Truncator(subject).chars(ID_LENGTH))}</bdi>", subject, ""
        also = f' <span class="quiet"><bdi>{_said(person.also_called)}</bdi></span>'
        return f"<bdi>{_said(person.username)}</bdi>", "", also if self._may_see else ""

    def _whence(self, row: Shown) -> Iterator[str]:
        line, digest = row.line, row.network_digest
        if row.address:
            yield self._link("network", digest, f'<bdi dir="ltr">{_said(row.address)}</bdi>')
        elif digest:
            yield self._link("network", digest, self._same_network)
        if row.place:
            yield f'\n<span class="quiet">{_said(row.place)}</span>'
        if line.device:
            yield f'\n<bdi class="device">{_said(line.device)}</bdi>'
        if not line.ours:
            yield f'\n<strong class="error">{_said(_("Not written by this site"))}</strong>'
        elif not line.readable:
            yield f'\n<span class="quiet">{_said(_("Forgotten"))}</span>'
        if line.request_id:
            where = f"{self._events}?request={_said(line.request_id)}"
            yield f'\n<a class="request" href="{where}">{self._same_request}</a>'

    def _link(self, name: str, value: str, safe: str, title: str = "", beside: str = "") -> str:
        """To the list of all that have this value; `safe` and `beside` are markup."""
        titled = f' title="{_said(title)}"' if title else ""
        return f'<a href="{self._events}?{name}={_said(value)}"{titled}>{safe}</a>{beside}'
