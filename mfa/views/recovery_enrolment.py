"""The end of the slow lane: a new app, then its recovery codes, then the sign-in page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import CredentialsMoved
from accounts.fields import posted
from mfa.devices import app as device
from mfa.flows import recovery_enrolment
from mfa.forms import AddAppForm, SavedForm
from mfa.views.app import qr
from mfa.views.recovery_codes import as_file


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@login_not_required
def app(request: HttpRequest) -> HttpResponse:
    enrolment = recovery_enrolment.of(request)
    if enrolment is None:
        return _again(request)
    form = AddAppForm(posted(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if recovery_enrolment.add_app(request, enrolment, data["code"], data["name"]):
            return redirect("mfa_recovery_finish")
        form.add_error(
            "code",
            _("That code is not right. Check that the clock on your phone is set automatically."),
        )
    address = device.address(enrolment.seed, enrolment.user.email)
    context = {
        "form": form,
        "qr": qr(address),
        "address": address,
        "written": device.written(enrolment.seed),
    }
    return render(request, "mfa/recovery/app.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@login_not_required
def finish(request: HttpRequest) -> HttpResponse:
    enrolment = recovery_enrolment.of(request)
    if enrolment is None:
        return _again(request)
    if not enrolment.has_app:
        return redirect("mfa_recovery_app")
    person = enrolment.user
    form = SavedForm(posted(request), codes=enrolment.codes, asks_one=person.is_staff)
    if "saved" in form.fields:
        form.fields["saved"].help_text = _(
            "We will not show them again. When you finish, your old second steps stop working."
        )
    if request.method == "POST" and form.is_valid():
        try:
            recovery_enrolment.finish(request, enrolment)
        except CredentialsMoved:
            return _again(request)
        messages.success(
            request,
            _(
                "Your new second step is set up. All devices were signed out: sign in with your"
                " password and the new app."
            ),
        )
        return redirect("account_login")
    context = {
        "form": form,
        "codes": enrolment.codes,
        "account": person.email,
        "today": timezone.localdate(),
    }
    return render(request, "mfa/recovery/finish.html", context)


@require_safe
@login_not_required
def download(request: HttpRequest) -> HttpResponse:
    """The codes that are shown just now, as a text file."""
    enrolment = recovery_enrolment.of(request)
    if enrolment is None or not enrolment.has_app:
        return _again(request)
    return as_file(enrolment.user, enrolment.codes)


def _again(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("That took too long, or your account has changed. Begin again."))
    return redirect("mfa_recovery")
