"""What the page of a person shows besides its form: how they prove themselves, where they are signed
in, what happened last, what staff noted. That it was opened stands in the trail before it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import re_path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import panels, places
from accounts.desk import Desk
from accounts.devices import device_label
from accounts.fields import posted
from accounts.flows import rights, staff_notes
from accounts.known_devices import devices
from accounts.models import Session, User
from accounts.models.staff_note import NOTE_LENGTH
from accounts.session_words import by_what
from accounts.staff_events import may_see_addresses, shown
from accounts.staff_pages import page_of
from accounts.validators import validate_seen
from audit import reading, trail
from audit.events import Event

EVENTS, SESSIONS, NEWEST = 50, 20, 5
# That staff look says nothing of what happened to the person, and who helps one looks often.
LOOKS = (Event.STAFF_PERSON_READ, Event.TRAIL_READ)


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy(
            "Other staff read it. It is never changed, the person gets it with the copy of their data,"
            " and it goes with their account."
        ),
        error_messages={"required": gettext_lazy("Write the note.")},
        validators=[validate_seen],
    )


@dataclass(frozen=True)
class SignedIn:
    """One session as staff see it: no key of any kind."""

    device: str
    address: str
    place: str
    how: str
    signed_in_at: datetime | None
    last_seen_at: datetime
    ends_at: datetime


class PersonFacts(Desk):
    change_form_template = "admin/accounts/user/change_form.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.note_view)
        return [
            re_path(r"^(?P<pk>[0-9]{1,18})/note/$", view, name="accounts_user_note"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        person = context["original"]
        reading.of_person(_reader(request), request, person.subject_id)
        return super().render_change_form(
            request, context | _facts(request, person), *args, **kwargs
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        if isinstance(answer, TemplateResponse) and not answer.is_rendered:
            typed = request.GET.get(SEARCH_VAR, "")
            filtered = bool(request.GET.keys() - {SEARCH_VAR, "p", "o", "all"})
            asked = [
                name for name, is_so in (("filter", filtered), ("search", bool(typed))) if is_so
            ]
            reading.of_people(_reader(request), request, asked, searched=typed)
        return answer

    def note_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        if not (self.has_view_permission(request) and staff_notes.may_add(request.user)):
            raise PermissionDenied
        person = User.objects.filter(pk=pk).first()
        if person is None:
            raise Http404
        form = NoteForm(posted(request))
        if form.is_valid():
            staff_notes.add(request, person, form.cleaned_data["text"])
            messages.success(request, _("Noted about %(name)s.") % {"name": person})
            return redirect("admin:accounts_user_change", person.pk)
        context = {"title": _("Add a note"), "subtitle": str(person), "form": form}
        return page_of(request, "admin/accounts/user/note.html", person, context)


def _reader(request: HttpRequest) -> User:
    return cast(User, request.user)


def _facts(request: HttpRequest, person: User) -> dict[str, Any]:
    with_addresses = may_see_addresses(request)
    facts: dict[str, Any] = {
        "methods": [method for panel in panels.every() for method in panel.methods(person)],
        "sessions": _sessions(person, with_addresses=with_addresses),
        "known_devices": devices.alive(timezone.now()).filter(user=person).count(),
        "may_see_events": request.user.has_perm(rights.SEE_EVENTS),
        "may_see_notes": staff_notes.may_see(request.user),
        "may_add_notes": staff_notes.may_add(request.user),
    }
    if facts["may_see_events"]:
        lines = trail.entries_of(person.subject_id, without=LOOKS, limit=EVENTS)
        facts["rows"] = shown(request, lines)
        facts["newest"] = facts["rows"][:NEWEST]
    if facts["may_see_notes"]:
        facts["notes"] = staff_notes.about(person)
    return facts


def _sessions(person: User, *, with_addresses: bool) -> list[SignedIn]:
    """The newest, the living ones alone. One SELECT, never of their data."""
    rows = Session.objects.filter(
        user=person,
        credentials_version=person.credentials_version,
        expires_at__gt=timezone.now(),
    ).defer("data", "key", "public_id")
    return [
        SignedIn(
            device_label(row.user_agent),
            (row.client_ip or "") if with_addresses else "",
            places.place_of(row.client_ip or "") if with_addresses else "",
            by_what(tuple(str(proof.get("method", "")) for proof in row.proved)),
            row.signed_in_at,
            row.last_seen_at,
            row.expires_at,
        )
        for row in rows.order_by("-signed_in_at", "-public_id")[:SESSIONS]
    ]
