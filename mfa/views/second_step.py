"""P6, P7: the page of the second step, by whichever way the person has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.errors import NumberNotServed, TooManyTries, leading_back
from accounts.fields import WRONG_CODE, too_soon
from accounts.models import User
from accounts.redirects import to_sign_in_again
from mfa import factors
from mfa.factors import Factors
from mfa.flows import occasions, passkey_proofs, second_step, sent, trusted
from mfa.flows.occasions import Occasion
from mfa.flows.second_step import Answer
from mfa.forms import AppCodeForm, MailedCodeForm, PasskeyForm, RecoveryCodeForm, SecondStepForm

FORMS: dict[str, type[SecondStepForm]] = {
    "app": AppCodeForm,
    "passkey": PasskeyForm,
    "texted_code": AppCodeForm,
    "mailed_code": MailedCodeForm,
    "recovery_code": RecoveryCodeForm,
}
PROVE: dict[str, Callable[..., Answer]] = {
    "passkey": passkey_proofs.by_passkey,
    "app": second_step.by_app,
    "recovery_code": second_step.by_recovery_code,
    "texted_code": partial(sent.by_sent_code, method="texted_code"),
    "mailed_code": partial(sent.by_sent_code, method="mailed_code"),
}
SENT = ("texted_code", "mailed_code")
LAST_WAY = "second_step"
FEW = 3


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@login_not_required
def authenticate(request: HttpRequest) -> HttpResponse:
    occasion = occasions.of(request)
    if occasion is None:
        return to_sign_in_again(request)
    if "cancel" in request.POST:
        return occasion.give_up()
    chosen = request.POST.get("send") or request.POST.get("method", "")
    if chosen in occasion.refuses:
        return redirect(f"{reverse('mfa_authenticate')}?choose=1")
    if request.method == "POST" and request.POST.get("send") in SENT:
        return _send(request, occasion, request.POST["send"])
    if request.method == "POST" and request.POST.get("method") in PROVE:
        # The commonest request by far; what else the person has, only a page that is drawn asks.
        return _prove(request, occasion, request.POST["method"])
    held = factors.of(occasion.user)
    ways = _ways(occasion, held)
    if "choose" in request.GET or not ways:
        return _choose(request, occasion, held)
    return _page(request, occasion, held, _method(request, ways))


def _ways(occasion: Occasion, held: Factors) -> list[str]:
    return [way for way in held.ways if way not in occasion.refuses]


def _method(request: HttpRequest, ways: list[str]) -> str:
    """The way that was chosen, or used last in this browser, if the person has it; else their
    strongest."""
    for chosen in (request.GET.get("method", ""), request.COOKIES.get(LAST_WAY, "")):
        if chosen in ways:
            return chosen
    return ways[0]


def _prove(request: HttpRequest, occasion: Occasion, method: str) -> HttpResponse:
    form = _form(occasion, method, request.POST)
    answer = Answer(right=False)
    if form.is_valid():
        prove = PROVE[method]
        with leading_back(lambda: f"{reverse('mfa_authenticate')}?choose=1"):
            try:
                answer = prove(
                    request,
                    occasion.user,
                    form.cleaned_data["code"],
                    attempt=occasion.attempt,
                    way=occasion.way,
                )
            except LookupError:
                return redirect("mfa_authenticate")
            except TooManyTries as refusal:
                # Whoever is here has shown a first proof: the letter goes to the owner's mailbox.
                refusal.whose = occasion.user.email
                raise
        if answer.right:
            trust = form.cleaned_data.get("trust", False)
            return _go_on(request, occasion, method, trust=trust, by=answer.by or method)
        late = method in SENT and answer.has_run_out and not answer.is_over
        said = _ran_out(request, occasion, method) if late else _wrong(method, answer)
        form.add_error("code", said)
    if answer.is_over:
        messages.error(request, _("That was the last try. Sign in again to go on."))
        return occasion.give_up()
    return _page(request, occasion, factors.of(occasion.user), method, form)


def _go_on(
    request: HttpRequest, occasion: Occasion, method: str, *, trust: bool, by: str
) -> HttpResponse:
    response = occasion.proved(by, trust=trust)
    if method == "recovery_code":
        _say_how_many_are_left(request, occasion)
        return response
    # The next time this page opens there; it names the way and nobody.
    response.set_cookie(
        LAST_WAY,
        method,
        max_age=settings.POLICY_DEVICE_DAYS * 24 * 3600,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _say_how_many_are_left(request: HttpRequest, occasion: Occasion) -> None:
    left = User.objects.values_list("recovery_codes_left", flat=True).get(pk=occasion.user.pk) or 0
    said = ngettext(
        "You used a recovery code. %(n)d is left.",
        "You used a recovery code. %(n)d are left.",
        left,
    ) % {"n": left}
    if left <= FEW:
        messages.warning(request, f"{said} {_('Create new codes now.')}")
    else:
        messages.info(request, said)


def _send(request: HttpRequest, occasion: Occasion, way: Any) -> HttpResponse:
    """A code leaves by POST only: a page that is opened sends nothing."""
    here = f"{reverse('mfa_authenticate')}?method={way}"
    try:
        with leading_back(lambda: here):
            sent.send(request, occasion.user, way)
    except LookupError:
        return redirect("mfa_authenticate")
    except NumberNotServed as refusal:
        said = _("We cannot text numbers in %(country)s. Choose another way.")
        messages.error(request, said % {"country": refusal.country_name})
        return redirect(f"{reverse('mfa_authenticate')}?choose=1")
    except TooManyTries as refusal:
        if refusal.budget not in sent.PAUSES:
            raise
        messages.info(request, too_soon(refusal.seconds))
        return redirect(here)
    if way in occasion.sent:
        messages.success(request, _("We sent another code. Codes sent before still work."))
    occasion.sent = [*occasion.sent, way]
    return redirect(here)


def _form(occasion: Occasion, method: str, data: QueryDict | None = None) -> forms.Form:
    trusts = occasion.way == "sign_in" and trusted.is_offered(occasion.user)
    return FORMS[method](data, trust_days=settings.POLICY_TRUST_DAYS if trusts else 0)


def _wrong(method: str, answer: Answer) -> str:
    if method == "passkey":
        return passkey_failed(answer)
    if method == "recovery_code":
        return _("That recovery code is not right or has been used.")
    if answer.has_run_out:
        return _("That code has just run out. Wait for the next one.")
    return str(WRONG_CODE)


def _ran_out(request: HttpRequest, occasion: Occasion, way: Any) -> str:
    """Another code goes out by itself, once: whoever is late again asks for one."""
    if way not in occasion.renewed:
        # LookupError: the way was taken away meanwhile. The others: a budget, or a country's.
        with suppress(LookupError, NumberNotServed, TooManyTries):
            sent.send(request, occasion.user, way)
            occasion.renewed = [*occasion.renewed, way]
            return _("That code has run out. We have sent a new one to the same place.")
    return _("That code has run out. Ask for a new one.")


def passkey_failed(answer: Answer) -> str:
    if answer.has_run_out:
        return _("That took too long. Try again.")
    return _("That passkey did not work here. Try again, or use another way.")


def _page(
    request: HttpRequest,
    occasion: Occasion,
    held: Factors,
    method: str,
    form: forms.Form | None = None,
) -> HttpResponse:
    context = {
        "form": form or _form(occasion, method),
        "method": method,
        "ways": _ways(occasion, held),
        "person": occasion.user,
        "account_label": occasion.user.email,
        "way": occasion.way,
        "left": held.codes_left,
    }
    if method in SENT:
        context |= {
            "is_sent": method in occasion.sent,
            "place": sent.place_of(occasion.user, method, held),  # type: ignore[arg-type]
            "minutes": settings.POLICY_CODE_MINUTES,
        }
    return render(request, f"mfa/second_step/{method}.html", context)


def _choose(request: HttpRequest, occasion: Occasion, held: Factors) -> HttpResponse:
    context: dict[str, Any] = {
        "ways": _ways(occasion, held),
        "left": held.codes_left,
        "way": occasion.way,
    }
    return render(request, "mfa/second_step/choose.html", context)
