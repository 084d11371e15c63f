"""P8: asking for the slow lane. Every answer is the same."""

from __future__ import annotations

import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.botcheck import gate
from accounts.botcheck.held import restored
from accounts.errors import leading_back
from accounts.fields import posted
from accounts.forms.entry import CodeForm
from accounts.lockout.handler import LOCKED
from accounts.models import User
from accounts.sessions import proofs
from mfa.flows import occasions, recovery
from mfa.recovery.forms import ProveForm


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@login_not_required
@restored
def ask(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("mfa_security")
    person = _whose_password_was_proved(request)
    if person is not None:
        if request.method == "POST":
            recovery.after_password(request, person)
            return redirect("mfa_recovery_code")
        return render(request, "mfa/recovery/ask.html", {"person": person, **_days()})
    form = ProveForm(posted(request))
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["login"]
        # A password is compared here: what guards the sign-in page guards this one.
        gate.demand(request, gate.SIGN_IN, name)
        recovery.by_password(request, name, form.cleaned_data["password"])
        if getattr(request, LOCKED, False):
            return HttpResponse(status=429)  # axes' middleware answers with the page of the limit
        return redirect("mfa_recovery_code")
    return render(request, "mfa/recovery/ask.html", {"form": form, **_days()})


def _whose_password_was_proved(request: HttpRequest) -> User | None:
    """Of a sign-in that waits for its second step, if a password began it: a mailed code proves a
    mailbox, which is asked for here too."""
    occasion = occasions.of(request)
    if not isinstance(occasion, occasions.SignIn):
        return None
    since = time.time() - recovery.SECONDS
    proved = proofs.of_request(request, occasion.user)
    by_password = any(one["method"] == "password" and one["at"] >= since for one in proved)
    return occasion.user if by_password else None


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@login_not_required
def code(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("mfa_security")
    if not recovery.state(request):
        return redirect("mfa_recovery")
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with leading_back(lambda: reverse("mfa_recovery_code")):
            may_enrol = recovery.by_code(request, form.cleaned_data["code"])
        return redirect("mfa_recovery_app" if may_enrol else "mfa_recovery_asked")
    context = {"form": form, "minutes": settings.POLICY_CODE_MINUTES}
    return render(request, "mfa/recovery/code.html", context)


@require_safe
@login_not_required
def asked(request: HttpRequest) -> HttpResponse:
    """The one answer, to whatever was typed."""
    return render(request, "mfa/recovery/asked.html", _days())


def _days() -> dict[str, int]:
    return {
        "days": settings.POLICY_RECOVERY_DAYS,
        "staff_days": recovery.staff_days(),
        "open_days": settings.POLICY_RECOVERY_OPEN_DAYS,
    }
