"""The trail on the staff desk: a list that is narrowed and read page by page, and each entry whole.

That somebody read it stands in the trail before anything is shown (audit/reading.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import re_path
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts import places, roles, staff_export, staff_facts, staff_hands, staff_words
from accounts.desk import Desk
from accounts.fields import posted
from accounts.flows import rights, trail_export
from accounts.models import User
from accounts.staff_asked import NUMBER, Asked, AskForm, read
from accounts.staff_cells import IN_FIGURES, IN_WORDS, Cells
from accounts.staff_facts import Fact
from accounts.staff_hands import Hand
from accounts.staff_words import PARTS
from audit import reading, searching, strange, trail
from audit.chain import standing
from audit.models import Entry
from audit.trail import Line

ADDRESSES = "audit.view_addresses"


@dataclass(frozen=True)
class Shown:
    """One entry as staff see it. `hands` are those who did it; `subject` is None for nobody, and for
    whoever is gone."""

    line: Line
    hands: list[Hand]
    subject: User | None
    with_addresses: bool
    cells: Cells

    @property
    def in_figures(self) -> SafeString:
        """The row of a list that has its times in figures."""
        return self.cells.row(self, IN_FIGURES)

    @property
    def in_words(self) -> SafeString:
        return self.cells.row(self, IN_WORDS)

    @cached_property
    def said(self) -> str:
        return str(staff_words.said(self.line))

    @cached_property
    def label(self) -> str:
        """What was typed or shown, unless the sentence says it."""
        return "" if self.line.label in self.said else self.line.label

    @cached_property
    def facts(self) -> list[Fact]:
        """What a list does not say besides."""
        return staff_facts.of(self.line, brief=True)

    @property
    def all_facts(self) -> list[Fact]:
        return staff_facts.of(self.line)

    @cached_property
    def address(self) -> str:
        """The full one while it is kept, then what one household or office has."""
        return (self.line.address or self.line.network) if self.with_addresses else ""

    @property
    def network_digest(self) -> str:
        return self.line.network_digest if self.with_addresses else ""

    @cached_property
    def place(self) -> str:
        return places.place_of(self.address.partition("/")[0])


def shown(request: HttpRequest, lines: list[Line]) -> list[Shown]:
    """As whoever asks may see them. One SELECT for the people in them."""
    named = {line.subject_id for line in lines}.union(*map(staff_hands.subjects, lines))
    people = staff_words.people(named)
    full, cells = may_see_addresses(request), Cells(request, people)
    return [
        Shown(line, staff_hands.of(line, people), people.get(line.subject_id), full, cells)
        for line in lines
    ]


def may_see_addresses(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(ADDRESSES))


def _allowed(request: HttpRequest) -> dict[str, bool]:
    """What of the form is for whoever reads."""
    may_see = rights.may_see(request.user)
    return {"with_addresses": may_see_addresses(request), "with_people": may_see}


@admin.register(Entry)
class EntryAdmin(Desk):
    """Read only: what adds to the trail is what happens. The list is our own, because Django's counts
    its rows and turns pages by an offset."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Entry.objects.all()

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.export_view)
        return [re_path(r"^export/$", view, name="audit_entry_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return staff_export.page(request, frame)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        self._demand(request)
        with_addresses = may_see_addresses(request)
        if request.method == "POST":
            return self._asked(request, with_addresses)
        asked = read(request.GET.dict(), with_addresses=with_addresses)
        return self._list(request, asked, AskForm(**_allowed(request)))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        self._demand(request)
        number = int(object_id) if NUMBER.fullmatch(object_id) else None
        entry = strange.entry(number) if number is not None else None
        if entry is None:
            return self._strange(request, number)
        line = trail.opened([entry])[0]
        self._note(request, line.subject_id, {"asked": [], "entry": line.id})
        context = {
            "title": _("Entry %(number)d") % {"number": line.id},
            "one": shown(request, [line])[0],
            "standing": standing.of(entry),
        }
        return self._page(request, "admin/audit/entry/one.html", context)

    def _strange(self, request: HttpRequest, number: int | None) -> HttpResponse:
        if number is None or not Entry.objects.filter(pk=number).exists():
            raise Http404
        self._note(request, "", {"asked": [], "entry": number})
        title = _("Entry %(number)d") % {"number": number}
        return self._page(request, "admin/audit/entry/strange.html", {"title": title})

    def _demand(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _asked(self, request: HttpRequest, with_addresses: bool) -> HttpResponse:
        """Typed: an address of the list, or what is wrong with it. A network that was asked for before
        stays, unless there is another."""
        kept = {name: request.POST.get(name, "") for name in ("network", "address")}
        before = read(kept, with_addresses=with_addresses)
        form = AskForm(posted(request), **_allowed(request))
        if form["who"].value():  # before anybody is looked for, or said not to be there
            self._note(request, "", {"asked": ["person"]})
        if not form.is_valid():
            return self._list(request, before, form)
        query = form.query
        if not {"network", "address"} & query.keys():
            query |= before.query
        return HttpResponseRedirect(f"{request.path}?{urlencode(query)}" if query else request.path)

    def _list(self, request: HttpRequest, asked: Asked, form: AskForm) -> HttpResponse:
        looks = not (asked.wrong or form.is_bound)
        found = searching.Found([])
        if looks:
            self._note(request, asked.sought.person or asked.sought.about, asked.facts)
            found = searching.find(asked.sought, before=asked.before)
        rows = shown(request, found.lines)
        if not form.is_bound:
            form.initial = self._typed(asked, with_people=form.with_people)
        context = {
            "title": _("Events"),
            "form": form,
            "asked": asked,
            "looks": looks,
            "rows": rows,
            "chips": _chips(asked, rows),
            "query": urlencode(asked.query),
            "older": urlencode({**asked.query, "before": found.older}) if found.older else "",
            "may_export": trail_export.may(request.user),
            "cut_off": found.cut_off,
            "strange": found.strange,
            "looked_through": searching.LOOKED_THROUGH,
        }
        return self._page(request, "admin/audit/entry/list.html", context)

    def _typed(self, asked: Asked, *, with_people: bool) -> dict[str, str]:
        """The form as it was filled in; a network is kept beside it (see `_asked`)."""
        person = asked.query.get("person", "")
        known = staff_words.people({person}).get(person) if person else None
        same = {name: asked.query.get(name, "") for name in ("event", "request", "since", "until")}
        return {**same, "who": known.username if known and with_people else person}

    def _note(self, request: HttpRequest, subject: str, facts: Mapping[str, Any]) -> None:
        reading.of_trail(cast(User, request.user), request, subject=subject, facts=facts)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, template, frame | context)


@dataclass(frozen=True)
class Chip:
    """One part of what is asked, and the list without it."""

    name: str | Promise
    value: str
    without: str


def _chips(asked: Asked, rows: list[Shown]) -> list[Chip]:
    """Of a network the text that an entry has, else the beginning of its digest."""
    chips = []
    for name, value in asked.query.items():
        without = urlencode({key: each for key, each in asked.query.items() if key != name})
        chips.append(Chip(PARTS[name], _called(name, value, rows), without))
    return chips


def _called(name: str, value: str, rows: list[Shown]) -> str:
    if name == "role":
        group = Group.objects.filter(pk=value).first()
        return roles.called(group.name) if group else value
    if name in ("person", "about"):
        people = (
            one for row in rows for one in (row.subject, *(each.person for each in row.hands))
        )
        named = (one.username for one in people if one and one.subject_id == value)
        return next(named, value)
    if name == "network":
        return next((row.line.network for row in rows if row.line.network), value[:12] + "…")
    if name == "address":
        return next((row.line.address for row in rows if row.line.address), value[:12] + "…")
    return value
