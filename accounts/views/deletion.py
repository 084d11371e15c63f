"""A14 and P16: an account is deleted after some days, or kept."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import LastAdministrator
from accounts.fields import posted
from accounts.flows import deletion
from accounts.forms.deletion import DeletionForm
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof

# Of the browser that asked, once it is signed out: the day that its last page says.
SET_FOR = "deletion_set_for"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: OwnRequest) -> HttpResponse:
    due_at = deletion.due_from_now(request.user)
    day = deletion.day_of(request.user, due_at)
    form = DeletionForm(posted(request), day=day)
    context: dict[str, Any] = {"day": day, "days": deletion.days_until(due_at), "form": form}
    context["address_days"] = settings.POLICY_ADDRESS_DAYS
    context["held_days"] = settings.POLICY_USERNAME_HELD_DAYS
    context["is_last_administrator"] = deletion.is_last_administrator(request.user)
    if request.method == "POST" and form.is_valid():
        demand_fresh_proof(request)
        try:
            until = deletion.ask(request)
        except LastAdministrator:
            form.add_error(None, _("Make someone else an administrator first."))
        else:
            request.session[SET_FOR] = until.isoformat()
            return redirect("account_delete_set")
    return render(request, "accounts/delete.html", context)


@require_safe
def is_set(request: HttpRequest) -> HttpResponse:
    """What the browser is told that asked: it is signed out by then."""
    until = request.session.get(SET_FOR)
    if not until:
        return redirect("account_login")
    return render(request, "accounts/delete_set.html", {"day": date.fromisoformat(until)})


@require_http_methods(["GET", "HEAD", "POST"])
def awaiting(request: HttpRequest) -> HttpResponse:
    """P16, to whoever has proved all that a sign-in takes; to everybody else it is not there."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    own = cast(OwnRequest, request)
    due_at = own.user.deletion_due_at
    if due_at is None:
        return redirect("account_overview")
    if request.method == "POST":
        if deletion.keep(own):
            messages.success(request, _("Your account is kept."))
        return redirect("account_overview")
    context = {"day": deletion.day_of(own.user, due_at), "account_label": own.user.email}
    return render(request, "accounts/awaiting_deletion.html", context)
