"""P12: offering a passkey to whoever typed a password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.requests import OwnRequest
from mfa import policy
from mfa.flows import passkey_offer, passkeys


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def offer(request: OwnRequest) -> HttpResponse:
    if not policy.is_offered(request.user) or passkeys.held_by(request.user):
        return redirect("mfa_security")
    if request.method == "POST":
        if request.POST.get("answer") == "never":
            passkey_offer.decline(request.user)
            messages.info(request, _("You will not be asked again."))
        return redirect("account_overview")
    passkey_offer.note_shown(request.user)
    return render(request, "mfa/passkeys/offer.html", {})
