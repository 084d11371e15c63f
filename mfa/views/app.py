"""A7: the authenticator app."""

from __future__ import annotations

import io

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import unsent
from accounts.fields import posted
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof
from mfa import factors, policy, wanted
from mfa.devices import app as device
from mfa.flows import app
from mfa.forms import AddAppForm


@require_http_methods(["GET", "HEAD", "POST"])
@unsent.kept(AddAppForm)
@login_required
@sensitive_post_parameters("code")
def activate(request: OwnRequest) -> HttpResponse:
    if not policy.is_offered(request.user):
        raise Http404
    if factors.of(request.user).app is not None:
        messages.info(request, _("An authenticator app is set up already."))
        return redirect("mfa_security")
    seed = app.seed_shown(request)
    form = AddAppForm(posted(request))
    unsent.ready(request, form)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if app.turn_on(request, data["code"], data["name"]):
            return go_on(request, _("Your authenticator app is set up."))
        form.add_error(
            "code",
            _("That code is not right. Check that the clock on your phone is set automatically."),
        )
    address = device.address(seed, request.user.email)
    context = {
        "form": form,
        "qr": qr(address),
        "address": address,
        "written": device.written(seed),
    }
    return render(request, "mfa/app_activate.html", context)


def go_on(request: OwnRequest, said: str) -> HttpResponse:
    """After a second step was set up: to the recovery codes, where there are none yet."""
    if factors.of(request.user).codes is not None:
        messages.success(request, said)
        return wanted.go_on(request, "mfa_security")
    return redirect("mfa_recovery_codes_generate")


def qr(text: str) -> SafeString:
    """The QR code of a text as an SVG element without any style of its own: dark on white, four
    modules of margin (ISO/IEC 18004)."""
    out = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(
        out,
        kind="svg",
        border=4,
        xmldecl=False,
        svgns=True,
        omitsize=True,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
    )
    # Made of numbers alone: nothing of the text stands in it.
    return mark_safe(out.getvalue().decode())


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def deactivate(request: OwnRequest) -> HttpResponse:
    demand_fresh_proof(request)
    if request.method == "POST":
        if app.turn_off(request):
            messages.success(request, _("The authenticator app is turned off."))
        return redirect("mfa_security")
    if factors.of(request.user).app is None:
        return redirect("mfa_security")
    return render(request, "mfa/app_deactivate.html", {})
