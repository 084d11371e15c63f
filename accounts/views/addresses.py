"""A3: the person's email addresses."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import unsent
from accounts.errors import leading_back
from accounts.fields import posted
from accounts.flows import addresses, phone
from accounts.forms.account import AddressForm
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof
from accounts.texts import senders


@require_http_methods(["GET", "HEAD", "POST"])
@unsent.kept(AddressForm)
@login_required
def email(request: OwnRequest) -> HttpResponse:
    action = request.POST.get("action", "")
    if request.method == "POST" and action in _ROW_ACTIONS:
        return _act_on_row(request, action)
    form = AddressForm(posted(request))
    unsent.ready(request, form)
    if request.method == "POST" and form.is_valid():
        return _add(request, form)
    return _page(request, form)


def _page(request: OwnRequest, form: AddressForm) -> HttpResponse:
    number = phone.number_of(request.user)
    context = {
        "addresses": _rows(request),
        "form": form,
        "phone": phone.shown(number),
        "has_phone_page": bool(number) or senders.available(),
    }
    return render(request, "accounts/addresses.html", context)


def _rows(request: OwnRequest) -> list[dict[str, Any]]:
    user = request.user
    confirmed = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "email")
    rows = [{"email": row.email, "is_main": row.primary, "is_confirmed": True} for row in confirmed]
    known = {row["email"] for row in rows}
    waiting = (address for address in addresses.waiting(user) if address not in known)
    return rows + [
        {"email": address, "is_main": False, "is_confirmed": False} for address in waiting
    ]


def _add(request: OwnRequest, form: AddressForm) -> HttpResponse:
    address = form.cleaned_data["email"]
    try:
        _begin(request, address)
    except addresses.AddressRefused as refused:
        form.add_error("email", _refusal(refused.code))
        return _page(request, form)
    messages.success(
        request,
        _("We sent a code to %(email)s. It is added once you confirm it.") % {"email": address},
    )
    return redirect("account_email_verification_sent")


def _begin(request: OwnRequest, address: str) -> None:
    def to_the_code() -> str:
        waits = addresses.waiting(request.user)
        return reverse("account_email_verification_sent") if waits else ""

    with leading_back(to_the_code):
        addresses.begin_adding(request, request.user, address)


def _make_main(request: OwnRequest, address: str) -> None:
    addresses.make_main(request, request.user, address)
    messages.success(request, _("%(email)s is your main address now.") % {"email": address})


def _send_again(request: OwnRequest, address: str) -> None:
    if address in addresses.waiting(request.user):
        _begin(request, address)
        messages.success(request, _("We sent another code to %(email)s.") % {"email": address})


def _remove(request: OwnRequest, address: str) -> None:
    addresses.remove(request, request.user, address)
    messages.success(request, _("%(email)s is removed.") % {"email": address})


_ROW_ACTIONS = {"main": _make_main, "resend": _send_again, "remove": _remove}


def _act_on_row(request: OwnRequest, action: str) -> HttpResponse:
    demand_fresh_proof(request)
    try:
        _ROW_ACTIONS[action](request, request.POST.get("email", ""))
    except addresses.AddressRefused as refused:
        messages.error(request, _refusal(refused.code))
    if action == "resend":
        return redirect("account_email_verification_sent")
    return redirect("account_email")


def _refusal(code: str) -> str:
    return {
        "own": _("This address is already on your account."),
        "full": _("Your account has as many addresses as it may. Remove one first."),
        "main": _("Choose another main address first."),
        "unconfirmed": _("Confirm this address first."),
        "unknown": _("This address is not on your account."),
        "too_soon": _(
            "Your addresses were changed lately. Those from before stay until that can no longer be"
            " undone, because they get the emails about it."
        ),
    }[code]
