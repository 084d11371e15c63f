"""P11 by a second step: proving again who one is, then carrying on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import step_up as freshness
from accounts.errors import TooManyTries, leading_back
from accounts.fields import WRONG_CODE, posted, too_soon
from accounts.redirects import NEXT_FIELD, safe_next
from accounts.requests import OwnRequest
from mfa import factors, step_up
from mfa.flows import passkey_proofs, second_step, sent
from mfa.forms import AppCodeForm, MailedCodeForm, PasskeyForm
from mfa.views.second_step import passkey_failed

FORMS: dict[str, type[forms.Form]] = {"passkey": PasskeyForm, "app": AppCodeForm}
PROVE: dict[str, Callable[..., second_step.Answer]] = {
    "passkey": passkey_proofs.by_passkey,
    "app": second_step.by_app,
}
# The name under which wrong codes of this session are counted.
ATTEMPT = "mfa_step_up"
# Whether a code was mailed to whoever has nothing else.
MAILED = "mfa_step_up_mailed"


@require_http_methods(["GET", "HEAD", "POST"])
@freshness.by_signing_in
@login_required
@sensitive_post_parameters("code")
def reauthenticate(request: OwnRequest) -> HttpResponse:
    held = factors.of(request.user)
    ways = step_up.ways(request.user, held)
    if not ways:
        return redirect("account_reauthenticate")
    chosen = request.GET.get("method", "")
    way = chosen if chosen in ways else ways[0]
    if way == step_up.MAILBOX:
        return _by_mailbox(request)
    form = FORMS.get(way, forms.Form)(posted(request))
    if request.method == "POST" and way in PROVE and form.is_valid():
        with leading_back(lambda: safe_next(request)):
            answer = PROVE[way](
                request,
                request.user,
                form.cleaned_data["code"],
                attempt=_attempt(request),
                way=second_step.STEP_UP,
            )
        if answer.right:
            freshness.record(request, request.user, way, again=True)
            return freshness.carry_on(request)
        if answer.is_over:
            return _give_up(request)
        form.add_error("code", passkey_failed(answer) if way == "passkey" else WRONG_CODE)
    return _page(request, form, way, ways)


def _page(
    request: OwnRequest, form: forms.Form, way: str, ways: list[str], **more: Any
) -> HttpResponse:
    context = {
        "form": form,
        "way": way,
        "ways": ways,
        "next": safe_next(request),
        "has_password": request.user.has_usable_password(),
        **freshness.page_context(request),
        **more,
    }
    return render(request, f"mfa/step_up/{way}.html", context)


def _by_mailbox(request: OwnRequest) -> HttpResponse:
    """For whoever has nothing else: a code to the main address, sent by POST."""
    if request.method == "POST" and "send" in request.POST:
        try:
            with leading_back(lambda: safe_next(request)):
                sent.send_to_mailbox(request)
        except TooManyTries as refusal:
            if refusal.budget not in sent.PAUSES:
                raise
            messages.info(request, too_soon(refusal.seconds))
        request.session[MAILED] = True
        form = MailedCodeForm()
    else:
        form = MailedCodeForm(posted(request))
        if request.method == "POST" and form.is_valid():
            with leading_back(lambda: safe_next(request)):
                is_right = sent.by_mailbox(request, form.cleaned_data["code"])
            if is_right:
                request.session.pop(MAILED, None)
                freshness.record(request, request.user, step_up.MAILBOX, again=True)
                return freshness.carry_on(request)
            form.add_error("code", WRONG_CODE)
    more = {"is_sent": MAILED in request.session, "minutes": settings.POLICY_CODE_MINUTES}
    return _page(request, form, step_up.MAILBOX, [step_up.MAILBOX], **more)


def _attempt(request: OwnRequest) -> str:
    kept = request.session.get(ATTEMPT) or second_step.new_attempt()
    request.session[ATTEMPT] = kept
    return str(kept)


def _give_up(request: OwnRequest) -> HttpResponse:
    request.session.pop(ATTEMPT, None)
    freshness.forget_what_was_posted(request)
    messages.error(request, _("That was the last try, so nothing was changed."))
    return redirect("account_overview")


def second_step_first(request: OwnRequest) -> HttpResponse:
    """To where this session proves its second step, and back here."""
    asked = urlencode({NEXT_FIELD: request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('mfa_reauthenticate')}?{asked}")
