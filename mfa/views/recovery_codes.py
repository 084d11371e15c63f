"""A8: recovery codes."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.fields import posted
from accounts.models import User
from accounts.requests import OwnRequest
from mfa import factors, wanted
from mfa.flows import recovery_codes
from mfa.flows.changes import SecondStepFirst
from mfa.forms import SavedForm
from mfa.views.step_up import second_step_first


@require_safe
@login_required
def recovery_codes_page(request: OwnRequest) -> HttpResponse:
    held = factors.of(request.user)
    if held.codes is None:
        return redirect("mfa_recovery_codes_generate" if held.has_any else "mfa_security")
    return render(request, "mfa/recovery_codes.html", {"held": held})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@sensitive_post_parameters("code")
def generate(request: OwnRequest) -> HttpResponse:
    """Shows ten codes, and takes them over once they are saved. A GET keeps nothing but in the
    session: the codes before are good until then."""
    try:
        was_on = request.user.two_step_on
        if request.method == "POST" and not recovery_codes.shown(request):
            messages.info(request, _("That took too long. Here are new codes."))
            return redirect("mfa_recovery_codes_generate")
        codes = recovery_codes.show(request)
        form = SavedForm(posted(request), codes=codes, asks_one=request.user.is_staff)
        if request.method == "POST" and form.is_valid() and recovery_codes.finish(request):
            messages.success(
                request,
                _("Your new recovery codes are ready.")
                if was_on
                else _("Two-step sign-in is on. Your recovery codes are ready."),
            )
            return wanted.go_on(request, "mfa_security")
    except recovery_codes.NothingToRecover:
        messages.info(request, _("Set up a second step first."))
        return redirect("mfa_security")
    except SecondStepFirst:
        return second_step_first(request)
    context = {"form": form, "codes": codes, "was_on": was_on, "today": timezone.localdate()}
    return render(request, "mfa/recovery_codes_new.html", context)


@require_safe
@login_required
def download(request: OwnRequest) -> HttpResponse:
    """The codes that are shown just now, as a text file. Nothing is good for being asked twice."""
    codes = recovery_codes.shown(request)
    if not codes:
        return redirect("mfa_recovery_codes")
    return as_file(request.user, codes)


def as_file(user: User, codes: list[str]) -> HttpResponse:
    """Recovery codes as a text file that is saved."""
    response = HttpResponse(_as_text(user, codes), content_type="text/plain; charset=utf-8")
    host = settings.SITE_HOST.replace(":", "-")
    response.headers["Content-Disposition"] = f'attachment; filename="{host}-recovery-codes.txt"'
    return response


def _as_text(user: User, codes: list[str]) -> str:
    with translation.override(user.language):
        day = formats.date_format(timezone.localdate())
        lines = [
            _("Recovery codes for %(site)s") % {"site": settings.SITE_NAME},
            f"{settings.SITE_URL}/",
            "",
            _("Account: %(account)s") % {"account": user.email},
            _("Made on: %(day)s") % {"day": day},
            "",
            *(f"{number:2}. {code}" for number, code in enumerate(codes, 1)),
            "",
            _(
                "Each code works once. When you are asked for the second step and have nothing else at"
            ),
            _("hand, choose “Use a recovery code”. Keep this file where nobody else can read it."),
        ]
    return "\r\n".join(lines) + "\r\n"
