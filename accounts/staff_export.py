"""The page that takes entries of the trail away as a file: by its button alone. Whoever has to prove
themselves first comes back to it, with what they had filled in."""

from __future__ import annotations

import time
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
from accounts.sessions.store import SUSPENDED_SECONDS
from accounts.staff_asked import read
from accounts.staff_words import PARTS
from accounts.step_up import has_fresh_proof, to_prove
from audit.exporting import FORMATS, written
from audit.trail import Line

# In the session: what was filled in when a proof was due, and of which address. `AGAIN` leads back.
UNPROVED, AGAIN = "export_unproved", "again"


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
    if AGAIN in request.GET:
        return HttpResponseRedirect(f"{request.path}?{_unproved(request).get('query', '')}")
    with_addresses = request.user.has_perm(trail_export.ADDRESSES)
    asked = read(request.GET.dict(), with_addresses=with_addresses)
    if asked.wrong:  # the list says which
        return HttpResponseRedirect(f"../?{request.GET.urlencode()}")
    form = ExportForm(posted(request))
    chosen = form.cleaned_data if form.is_valid() else {}
    wanted = Wanted(
        asked.sought, asked.query, asked.facts, chosen.get("format", "json"), with_addresses
    )
    if chosen and (answer := _proved(request, wanted, form)) is not None:
        return answer
    granted = trail_export.granted(cast(User, request.user), wanted)
    if not form.is_bound:
        form.initial = _filled_in(request, has_word=granted is not None)
    return TemplateResponse(
        request,
        "admin/audit/entry/export.html",
        {
            **frame,
            "title": _("Export events"),
            "form": form,
            "parts": [(PARTS[name], value) for name, value in asked.query.items()],
            "with_addresses": with_addresses,
            "granted": granted,
        },
    )


def _proved(
    request: HttpRequest, wanted: Wanted, form: ExportForm
) -> HttpResponse | StreamingHttpResponse | None:
    """`_answer`, or to the proof that is due and back. A POST that was carried on would send the file,
    and use the word up, while the browser stays on the page of the proof."""
    if has_fresh_proof(request):
        request.session.pop(UNPROVED, None)
        return _answer(request, wanted, form)
    query = request.GET.urlencode()
    request.session[UNPROVED] = {"query": query, "form": form.cleaned_data, "at": time.time()}
    return to_prove(request, f"{request.path}?{AGAIN}=1")


def _unproved(request: HttpRequest) -> dict[str, Any]:
    kept: dict[str, Any] = request.session.get(UNPROVED, {})
    return kept if kept.get("at", 0) > time.time() - SUSPENDED_SECONDS else {}


def _filled_in(request: HttpRequest, *, has_word: bool) -> dict[str, Any]:
    """The form as it was when the proof was due, or as a second word lets it be sent."""
    kept = _unproved(request)
    if kept and kept["query"] == request.GET.urlencode():
        if has_fresh_proof(request):
            messages.info(request, _("Nothing was taken yet. The button below takes it."))
        return dict(kept["form"])
    return {"much": "all"} if has_word else {}


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
