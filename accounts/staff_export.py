"""The page that takes entries of the trail away as a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.desk import reason_field
from accounts.fields import posted
from accounts.flows import trail_export
from accounts.flows.trail_export import MOST, TakesTwo, Wanted
from accounts.models import User
from accounts.staff_asked import PARTS, read
from audit.exporting import FORMATS, written
from audit.trail import Line


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[("json", "JSON"), ("csv", "CSV")],
        initial="json",
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a format.")},
    )
    much = forms.ChoiceField(
        label=gettext_lazy("How many"),
        choices=[
            ("some", gettext_lazy("The newest 1,000")),
            ("all", gettext_lazy("Up to 100,000, which takes a second one of staff")),
        ],
        initial="some",
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how many.")},
    )
    reason = reason_field(gettext_lazy("It is kept in the trail."))


def page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse | StreamingHttpResponse:
    if not trail_export.may(request.user):
        raise PermissionDenied
    with_addresses = request.user.has_perm(trail_export.ADDRESSES)
    asked = read(request.GET.dict(), with_addresses=with_addresses)
    if asked.wrong:  # the list says which
        return HttpResponseRedirect(f"../?{request.GET.urlencode()}")
    form = ExportForm(posted(request))
    chosen = form.cleaned_data if form.is_valid() else {}
    wanted = Wanted(
        asked.sought, asked.query, asked.facts, chosen.get("format", "json"), with_addresses
    )
    answer = _answer(request, wanted, form) if chosen else None
    return answer or TemplateResponse(
        request,
        "admin/audit/entry/export.html",
        {
            **frame,
            "title": _("Export events"),
            "form": form,
            "parts": [(PARTS[name], value) for name, value in asked.query.items()],
            "with_addresses": with_addresses,
            "granted": trail_export.granted(cast(User, request.user), wanted),
        },
    )


def _answer(
    request: HttpRequest, wanted: Wanted, form: ExportForm
) -> HttpResponse | StreamingHttpResponse | None:
    """The file, or where to go on; None where the form says what is wrong."""
    reason = form.cleaned_data["reason"]
    if form.cleaned_data["much"] == "some":
        try:
            return _file(trail_export.some(request, wanted, reason=reason), wanted)
        except TakesTwo:
            said = _(
                "With what you took since yesterday it is more than %(most)s. Ask for all of them: it"
                " takes a second one of staff."
            )
            form.add_error("much", said % {"most": f"{MOST:,}"})
            return None
    chunks = trail_export.much(request, wanted, reason=reason)
    if chunks is not None:
        return _file(chunks, wanted)
    trail_export.ask(request, wanted, reason=reason)
    said = _("Noted. Come back to this page once another one of staff has said yes.")
    messages.warning(request, said)
    return HttpResponseRedirect(request.get_full_path())


def _file(chunks: Iterable[list[Line]], wanted: Wanted) -> StreamingHttpResponse:
    name = f"events-{timezone.now():%Y-%m-%d-%H%M%S}.{wanted.format}"
    content = written(chunks, wanted.format, with_addresses=wanted.with_addresses)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type=FORMATS[wanted.format], headers=headers)
