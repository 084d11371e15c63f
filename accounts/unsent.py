"""What somebody typed into a form whose session was over by then: kept for ten minutes, for the same
person in the same browser, and put back into the form, which is not sent.

A form says what of it is kept: by name, and of the types below alone, none of which holds a secret. It
carries a mark of the person its page was made for. So what is kept needs nothing of the session that
ended, and nobody whose page it was not causes a row. It lies sealed in the session of a visitor, which
goes on under another key when they sign in.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.fields import NumberField, TextField
from accounts.lockout import budgets
from accounts.models import Session, User
from accounts.requests import OwnRequest
from accounts.sessions.store import SUSPENDED_SECONDS, UNSENT, drop_unsent
from audit.sealed import KeyedDigests
from audit.sealing import keyed_digest

FIELD = "whose"
# No field of ours takes a longer text; what is longer is not kept at all, and never cut.
LONGEST = 1_000
KEEPABLE = (TextField, NumberField, forms.ChoiceField, forms.BooleanField, forms.DateField)
DIGESTS = KeyedDigests(
    "marks of whose form it is, in open pages",
    ("whose form",),
    "what is typed into them is not kept when their session ends",
)
# Each that is kept may open a session. SECURITY: counted for whose form it is, wherever it comes from:
# neighbours in a network spend their own, and nobody has a mark but by signing in.
FORMS = budgets.Budget("unsent_forms", lambda: 60, budgets.HOUR)


class KeptForm(forms.Form):
    """`kept` names the fields that come back filled. `whose` is the mark, for the template."""

    kept: ClassVar[tuple[str, ...]] = ()
    whose: SafeString | str = ""


def kept(form: type[KeptForm]) -> Callable[..., Callable[..., HttpResponse]]:
    """Decorates the view of `form`, outside of what asks who is signed in."""
    for name in form.kept:
        if not isinstance(form.base_fields[name], KEEPABLE):
            raise TypeError(f"{form.__name__}.{name} may hold a secret")

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def keeping(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST":
                if request.user.is_authenticated:
                    _forget(request)
                else:
                    hold(request)
            return view(request, *args, **kwargs)

        keeping.__dict__["kept_form"] = form
        return keeping

    return decorate


def ready(request: OwnRequest, form: KeptForm) -> None:
    """Give `form` its mark; and where it is shown anew, what was typed before a session ended, with a
    notice that it is not saved. A reload shows the same: only a POST of it, or time, forgets it."""
    person = request.user
    form.whose = format_html('<input type="hidden" name="{}" value="{}">', FIELD, _mark(person.pk))
    typed = request.session.get(UNSENT)
    if form.is_bound or not typed or not _is_for(typed, request):
        return
    names = [name for name in form.kept if name in form.fields and name in typed["fields"]]
    form.initial.update({name: typed["fields"][name] for name in names})
    messages.warning(
        request,
        _(
            "You were signed out before this form was sent. What you typed is here again, and nothing"
            " has been saved yet."
        ),
    )


def hold(request: HttpRequest) -> bool:
    """Keep what was posted, in the place of what was kept before; False where there is nothing that may
    be kept, or where somebody else is signed in."""
    match = request.resolver_match
    form: type[KeptForm] | None = getattr(match and match.func, "kept_form", None)
    owner = _owner(request.POST.get(FIELD, ""))
    if form is None or owner is None:
        return False
    if request.user.is_authenticated and request.user.pk != owner:
        return False
    if not budgets.spend_if_room(FORMS, f"user:{owner}"):
        return False
    request.session[UNSENT] = {
        "owner": owner,
        "path": request.get_full_path(),
        "fields": _typed(form, request.POST),
        "at": time.time(),
    }
    return True


def drop_of_others(request: HttpRequest, user: User) -> None:
    """`user` is about to be signed in here: what somebody else typed goes."""
    if request.session.get(UNSENT, {}).get("owner") != user.pk:
        request.session.pop(UNSENT, None)


def purge(batch: int) -> int:
    """What nobody came back for in time, out of its sealed row too; how many."""
    late = Session.objects.filter(unsent_until__lt=timezone.now()).order_by("unsent_until")
    rows = list(late[:batch])
    for row in rows:
        drop_unsent(row)
    return len(rows)


def _forget(request: HttpRequest) -> None:
    """The form is sent: whatever comes of it, this is no longer what was not sent."""
    if request.session.get(UNSENT, {}).get("path") == request.get_full_path():
        del request.session[UNSENT]


def _is_for(typed: dict[str, Any], request: HttpRequest) -> bool:
    fresh = time.time() - typed["at"] <= SUSPENDED_SECONDS
    return fresh and (typed["owner"], typed["path"]) == (request.user.pk, request.get_full_path())


def _typed(form: type[KeptForm], posted: QueryDict) -> dict[str, Any]:
    found = {
        name: form.base_fields[name].widget.value_from_datadict(posted, {}, name)
        for name in form.kept
    }
    return {name: value for name, value in found.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    """A tick, or one line of text. Whatever else is wrong with it the form says when it is sent."""
    if isinstance(value, str):
        return len(value) <= LONGEST and not any(char < " " or char == "\x7f" for char in value)
    return isinstance(value, bool)


def _mark(person: int) -> str:
    return f"{person}-{keyed_digest(str(person), purpose='whose form')}"


def _owner(mark: str) -> int | None:
    """Whose form it is. SECURITY: only a page of ours that was made for them says so; what somebody
    posts across sites is nobody's."""
    number = mark.partition("-")[0]
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        return None
    good = hmac.compare_digest(_mark(int(number)).encode(), mark.encode())
    return int(number) if good else None


def is_from_here(request: HttpRequest) -> bool:
    """Whether a page of this site posted it, as the browser says.

    SECURITY: a POST across sites comes without cookies; to keep what is in it would open a session in
    the place of the one that the browser has."""
    return request.headers.get("Origin") == settings.SITE_URL
