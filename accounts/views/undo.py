"""P18: stopping a change by the link of its letter, putting back what was before, or keeping it."""

from __future__ import annotations

from datetime import UTC

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.buttons import button_on
from accounts.errors import LinkUnusable
from accounts.fields import posted
from accounts.flows import undo
from accounts.forms.passwords import UndoPasswordForm, UndoProofForm
from accounts.lockout import links
from accounts.models import ChangeSet
from accounts.requests import OwnRequest
from accounts.undo import sets

LINK_KEY = "undo_key"


@require_safe
@login_not_required
def open_link(request: HttpRequest, key: str) -> HttpResponse:
    """A mailed link: the key leaves the address bar, and nothing else happens."""
    with links.opened(request):
        if sets.find(key) is None:
            raise LinkUnusable(of="undo")
    request.session[LINK_KEY] = key
    return redirect("account_undo")


def _change(request: HttpRequest) -> ChangeSet:
    """What the link in this session is about. Raises LinkUnusable."""
    row = sets.find(request.session.get(LINK_KEY, ""))
    if row is None:
        request.session.pop(LINK_KEY, None)
        raise LinkUnusable(of="undo")
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@sensitive_post_parameters("proof")
def link(request: HttpRequest) -> HttpResponse:
    """First what the link does alone; once that is done, what it takes to put things back."""
    row = _change(request)
    if row.stopped_at is None:
        if request.method == "POST":
            key = request.session[LINK_KEY]
            undo.stop(request, row)
            # The session of whoever was signed in here is gone; they go on with the link all the same.
            request.session[LINK_KEY] = key
            return redirect("account_undo")
        return render(request, "accounts/undo/stop.html", {"change": row})
    if request.method == "POST" and "proof" not in request.POST:
        return redirect("account_undo")  # the button of another tab
    form = UndoProofForm(posted(request))
    if request.method == "POST" and form.is_valid():
        if undo.prove(request, row, form.cleaned_data["proof"]):
            return redirect("account_undo_password")
        form.add_error("proof", _("That is not right, or it was not in use before the change."))
    context = {
        "change": row,
        "form": form,
        "first": sets.first_of(row),
        "account_label": row.user.username,
    }
    with timezone.override(UTC):
        return render(request, "accounts/undo/prove.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@sensitive_post_parameters("password1", "password2")
def password(request: HttpRequest) -> HttpResponse:
    """The end of it: a new password, and everything is as it was before the change."""
    row = _change(request)
    if not undo.has_proved(request, row):
        return redirect("account_undo")
    form = UndoPasswordForm(posted(request), request=request, change=row)
    if request.method == "POST" and form.is_valid():
        undo.put_back(request, row, form.cleaned_data["password1"])
        request.session.pop(LINK_KEY, None)
        return redirect("account_undo_done")
    context = {"form": form, "account_label": undo.name_after(row)}
    return render(request, "accounts/undo/password.html", context)


@require_safe
@login_not_required
def done(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/undo/done.html", {})


@button_on("account_overview")
@login_required
def keep(request: OwnRequest) -> HttpResponse:
    """The button on the person's own pages while a change of theirs is stopped."""
    if undo.keep(request):
        messages.success(request, _("The change stays, and your account is open again."))
    return redirect("account_overview")
