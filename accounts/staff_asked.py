"""What staff ask of the trail: as they type it, and as it stands in the address of the list.

Typed names and addresses go by POST and become the names and digests under which the trail has them:
what stands in the address of a page, and so in logs, is of no use to anybody else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.fields import IDENTIFIER_LENGTH
from accounts.identify import find_user
from accounts.models import User
from accounts.staff_words import PARTS, is_a_subject
from audit import trail
from audit.events import Event
from audit.searching import Sought

MOST_MONTHS = 24
# Of calendars that every database and every zone can tell.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
REQUEST = re.compile(r"[0-9a-f]{16}", re.ASCII)  # as RequestFactsMiddleware makes them
NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
PLAIN = {"autocapitalize": "none", "spellcheck": "false"}
# What the trail says of whoever reads: the names of its own are taken.
FACTS = {
    "event": "kind",
    "network": "network",
    "request": "of_request",
    "role": "of_role",
    "since": "since",
    "until": "until",
}


@dataclass(frozen=True)
class Asked:
    """`query`: the parts of the address that were understood. `wrong`: the names of those that were
    not; then nothing is looked for."""

    sought: Sought = field(default_factory=Sought)
    query: Mapping[str, str] = field(default_factory=dict)
    before: int | None = None
    wrong: tuple[Any, ...] = ()

    @property
    def by(self) -> list[str]:
        """The parts by which it is narrowed, in the words of the trail."""
        words = {"since": "days", "until": "days", "about": "person"}
        return sorted({words.get(name, name) for name in self.query})

    @property
    def facts(self) -> dict[str, Any]:
        """What the trail says of whoever reads this."""
        told: dict[str, Any] = {
            fact: self.query[name] for name, fact in FACTS.items() if name in self.query
        }
        if self.sought.addresses:
            told["host"] = self.sought.addresses[0]
        return {"asked": self.by, **told}


def read(given: Mapping[str, str], *, with_addresses: bool) -> Asked:
    """What the address of the list asks. SECURITY: of networks only for those who may see them:
    whether anybody came from there is as much as they could read."""
    query: dict[str, str] = {}
    wrong: list[Any] = []
    for name, check in CHECKS.items():
        value = given.get(name, "")
        if not value:
            continue
        allowed = with_addresses or name not in ("network", "address")
        if allowed and check(value):
            query[name] = value
        else:
            wrong.append(PARTS[name])
    before = query.pop("before", "")
    if wrong:
        return Asked(wrong=tuple(wrong))
    return Asked(_sought(query), query, int(before) if before else None)


def _sought(query: Mapping[str, str]) -> Sought:
    addresses = query.get("address", "")
    role = int(query.get("role", 0))
    return Sought(
        event=Event.STAFF_GROUP_CHANGED.value if role else query.get("event", ""),
        person=query.get("person", ""),
        about=query.get("about", ""),
        role=role,
        network=query.get("network", ""),
        addresses=tuple(addresses.split(",")) if addresses else (),
        request=query.get("request", ""),
        since=_midnight(query["since"]) if "since" in query else None,
        until=_midnight(query["until"], days=1) if "until" in query else None,
    )


def _midnight(day: str, *, days: int = 0) -> datetime:
    """Where that day begins, for whoever reads, or one that many days later."""
    first = date.fromisoformat(day) + timedelta(days=days)
    return timezone.make_aware(datetime.combine(first, time.min))


def _are_digests(value: str) -> bool:
    parts = value.split(",")
    return len(parts) <= MOST_MONTHS and all(map(DIGEST.fullmatch, parts))


def _is_a_day(value: str) -> bool:
    try:
        return len(value) == 10 and FIRST_DAY <= date.fromisoformat(value) < LAST_DAY
    except ValueError:
        return False


CHECKS: dict[str, Callable[[str], object]] = {
    "event": lambda value: value in set(Event),
    "person": is_a_subject,
    "about": is_a_subject,
    "role": NUMBER.fullmatch,
    "network": DIGEST.fullmatch,
    "address": _are_digests,
    "request": REQUEST.fullmatch,
    "since": _is_a_day,
    "until": _is_a_day,
    "before": NUMBER.fullmatch,
}


# --- as it is typed ---------------------------------------------------------------------------------


def _kinds() -> list[tuple[str, Any]]:
    rooms = groupby(sorted(Event), key=lambda event: event.value.partition(".")[0])
    return [
        ("", gettext_lazy("All")),
        *((room, [(event.value, event.value) for event in events]) for room, events in rooms),
    ]


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": gettext_lazy("Enter a day like 2026-11-28.")},
    )


def _line(label: Any, help_text: Any, length: int) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=length,
        widget=forms.TextInput(attrs=PLAIN),
        help_text=help_text,
    )


class AskForm(forms.Form):
    """SECURITY: whether an address or a name has an account is learned by those alone who may see
    people; others ask for whom the events name, as they name them."""

    event = forms.ChoiceField(label=PARTS["event"], choices=_kinds, required=False)
    who = _line(
        PARTS["person"],
        gettext_lazy("Username, email address, number or public identifier"),
        IDENTIFIER_LENGTH,
    )
    where = _line(
        PARTS["network"],
        gettext_lazy("An address, or a network as it is kept: 203.0.113.0/24, 2001:db8::/64"),
        64,
    )
    request = _line(PARTS["request"], gettext_lazy("As error pages and logs name it"), 64)
    since = _day(PARTS["since"])
    until = _day(PARTS["until"])

    def __init__(
        self, *args: Any, with_addresses: bool, with_people: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.with_people = with_people
        if not with_people:
            self.fields["who"].help_text = _("Public identifier, as events have it")
        if not with_addresses:
            del self.fields["where"]

    def clean_who(self) -> str:
        typed = self.cleaned_data["who"].strip()
        if not typed or is_a_subject(typed.lower()):
            return typed.lower()
        if not self.with_people:
            raise forms.ValidationError(_("Enter a public identifier."))
        person = find_user(typed)
        if person is None and NUMBER.fullmatch(typed):
            person = User.objects.filter(pk=typed).first()
        if person is None:
            raise forms.ValidationError(_("Nobody is called that."))
        return person.subject_id

    def clean_where(self) -> dict[str, str]:
        typed = self.cleaned_data["where"].strip()
        if not typed:
            return {}
        if "/" not in typed:
            if not trail.network_digest(typed):
                raise forms.ValidationError(_("Enter an address or a network."))
            digests = trail.address_digests(typed)[:MOST_MONTHS]
            # A digest that nothing has, where no month's addresses are kept.
            return {"address": ",".join(digests) or "0" * 64}
        try:
            network = ipaddress.ip_network(typed, strict=False)
        except ValueError:
            raise forms.ValidationError(_("Enter an address or a network.")) from None
        if network.prefixlen != (24 if network.version == 4 else 64):
            raise forms.ValidationError(
                _("Networks are kept as a /24 or a /64, and found by nothing else.")
            )
        return {"network": trail.network_digest(str(network.network_address))}

    def clean_request(self) -> str:
        typed = self.cleaned_data["request"].strip().lower()
        if typed and not REQUEST.fullmatch(typed):
            raise forms.ValidationError(_("Enter a request's number, like 9f2c1b77aa01d3e4."))
        return str(typed)

    def _clean_day(self, name: str) -> str:
        day = self.cleaned_data[name]
        if day and not FIRST_DAY <= day < LAST_DAY:
            raise forms.ValidationError(_("Enter a day like 2026-11-28."))
        return day.isoformat() if day else ""

    def clean_since(self) -> str:
        return self._clean_day("since")

    def clean_until(self) -> str:
        return self._clean_day("until")

    @property
    def query(self) -> dict[str, str]:
        """The address of the list that answers it."""
        given = self.cleaned_data
        plain = {name: given[name] for name in ("event", "request", "since", "until")}
        asked = {**plain, "person": given["who"], **given.get("where", {})}
        return {name: value for name, value in asked.items() if value}
