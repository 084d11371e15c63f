"""A9, A15: the signed-in person's passkeys."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import time_zones, unsent
from accounts.fields import posted
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof
from mfa import factors, policy, wanted
from mfa.devices.passkey import MOST
from mfa.devices.webauthn import NotProved
from mfa.flows import passkeys
from mfa.flows.ceremonies import CeremonyOver
from mfa.flows.changes import SecondStepFirst
from mfa.flows.passkeys import AlreadyThere, EnoughPasskeys
from mfa.forms import PasskeyForm, RenameForm
from mfa.models import Passkey
from mfa.views.json_answers import in_json, refused
from mfa.views.step_up import second_step_first

OFFER = "offer"  # said by the form of P12: its success has words of its own


@require_safe
@login_required
def page(request: OwnRequest) -> HttpResponse:
    held = factors.of(request.user)
    context = {
        "passkeys": passkeys.held_by(request.user),
        "accepted": passkeys.accepted(request.user),
        "site_id": settings.OTP_WEBAUTHN_RP_ID,
        "is_offered": policy.is_offered(request.user),
        "saves_codes_first": bool(held.passkeys) and not request.user.two_step_on,
        "person": request.user,
    }
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        return render(request, "mfa/passkeys/list.html", context)


@require_POST
@in_json(back_to="mfa_passkeys")
@login_required
def ask_to_add(request: OwnRequest) -> JsonResponse:
    if not policy.is_offered(request.user):
        return refused(_("Passkeys are not offered here."), status=404)
    try:
        return JsonResponse(passkeys.ask_to_add(request))
    except EnoughPasskeys:
        return refused(_enough(), status=409)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@sensitive_post_parameters("code")
def add(request: OwnRequest) -> HttpResponse:
    if not policy.is_offered(request.user):
        raise Http404
    if request.method != "POST":
        return render(request, "mfa/passkeys/add.html", {})
    form = PasskeyForm(request.POST)
    try:
        if form.is_valid():
            passkeys.add(request, form.cleaned_data["code"])
            return _added(request)
        messages.error(request, str(form.errors["code"][0]))
    except CeremonyOver:
        messages.error(request, _("That took too long. No passkey was created. Try again."))
    except NotProved:
        messages.error(request, _("That passkey cannot be used here. No passkey was created."))
    except EnoughPasskeys:
        messages.error(request, _enough())
    except AlreadyThere:
        there = _("This device or password manager already has a passkey for you.")
        messages.error(request, there)
    except SecondStepFirst:
        return second_step_first(request)
    return redirect("mfa_passkeys")


def _added(request: OwnRequest) -> HttpResponse:
    if OFFER in request.POST:
        ready = _("Your passkey is ready. Next time, choose it in the email field.")
    elif not request.user.two_step_on:
        ready = _("Your passkey is ready. Save recovery codes to make it your second step.")
    else:
        ready = _("Your passkey is ready.")
    messages.success(request, ready)
    return wanted.go_on(request, "mfa_passkeys")


def _enough() -> str:
    text = ngettext("You have %(n)d passkey.", "You have %(n)d passkeys.", MOST) % {"n": MOST}
    return text + " " + _("Remove one that you do not use before you add another.")


def _own(request: OwnRequest, pk: int) -> Passkey:
    passkey: Passkey | None = Passkey.objects.filter(pk=pk, user=request.user).first()
    if passkey is None:
        raise Http404
    return passkey


@require_http_methods(["GET", "HEAD", "POST"])
@unsent.kept(RenameForm)
@login_required
def edit(request: OwnRequest, pk: int) -> HttpResponse:
    passkey = _own(request, pk)
    form = RenameForm(posted(request), initial={"name": passkey.name})
    unsent.ready(request, form)
    if request.method == "POST" and form.is_valid():
        if passkeys.rename(request, passkey, form.cleaned_data["name"]):
            messages.success(request, _("The passkey has its new name."))
        else:
            messages.info(request, _("There was nothing to save."))
        return redirect("mfa_passkeys")
    return render(request, "mfa/passkeys/edit.html", {"form": form, "passkey": passkey})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def remove(request: OwnRequest, pk: int) -> HttpResponse:
    passkey = _own(request, pk)
    demand_fresh_proof(request)
    if request.method == "POST":
        passkeys.remove(request, passkey)
        messages.success(request, _("The passkey is removed."))
        return redirect("mfa_passkeys")
    return render(request, "mfa/passkeys/remove.html", {"passkey": passkey})


@require_safe
def endpoints(request: HttpRequest) -> HttpResponse:
    """Where password managers look for the pages (W3C passkey-endpoints)."""
    found = {"enroll": reverse("mfa_passkey_add"), "manage": reverse("mfa_passkeys")}
    return JsonResponse({name: settings.SITE_URL + path for name, path in found.items()})
