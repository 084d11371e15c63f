"""Every element in every state, to look at while developing. Not there in production."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.errors import (
    AskedAlready,
    CredentialsMoved,
    HashingBusy,
    LastAdministrator,
    LinkUnusable,
    NumberNotServed,
    SecondStepMissing,
    SessionEnded,
    SignInFrozen,
    TooManyTries,
    TooSoon,
)
from accounts.flows.limits import StrongestProofNeeded
from accounts.forms.account import ProfileForm
from accounts.forms.entry import CodeForm, DigitCodeForm, SignUpForm
from accounts.models import User
from accounts.networks.middleware import NetworkRefused
from accounts.networks.snapshot import RulesUnread
from accounts.refusals import refusal_page
from accounts.undo.held import ChangesHeld, SignInHeld
from accounts.views import errors


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    profile = ProfileForm(
        initial={"appearance": ""},
        time_zone="Asia/Calcutta",
        auto_id="profile_%s",
    )
    context = {
        "empty": SignUpForm(auto_id="empty_%s"),
        "wrong": SignUpForm({"name": "Sam", "email": "sam@"}, auto_id="wrong_%s"),
        "code": CodeForm(auto_id="code_%s"),
        "digits": DigitCodeForm(initial={"code": "482913"}, auto_id="digits_%s"),
        "profile": profile,
        "recovery_codes": ["k7pd-92mw-x4tq-h8rc", "c6ep-34wk-5dm3-zj83"] * 5,
        "icon_names": icon_names(),
    }
    return render(request, "styleguide.html", context)


REFUSALS = {
    "busy": HashingBusy(),
    "conflict": CredentialsMoved(),
    "link": LinkUnusable("/"),
    "confirmation": LinkUnusable(of="confirmation"),
    "unlock": LinkUnusable(of="unlock"),
    "session": SessionEnded(),
    "stopped": TooManyTries(0, stopped=True),
    "wait": TooManyTries(240),
    "moment": TooManyTries(2),
    "letters": TooManyTries(1800, budget="signup_letters"),
    "address_letters": TooManyTries(1800, budget="address_letters"),
    "asks": TooManyTries(1800, budget="address_asks"),
    "codes": TooManyTries(1800, budget="codes"),
    "unlock_codes": TooManyTries(1800, budget="unlock_codes"),
    "passwords": TooManyTries(1800, budget="required_passwords"),
    "signups": TooManyTries(1800, budget="signups"),
    "resets": TooManyTries(1800, budget="resets"),
    "unlocks": TooManyTries(1800, budget="unlocks"),
    "sign_in_codes": TooManyTries(1800, budget="sign_in_codes"),
    "links": TooManyTries(1800, budget="links"),
    "factor": TooManyTries(900, budget="factor"),
    "factor_stopped": TooManyTries(0, stopped=True, budget="factor"),
    "recoveries": TooManyTries(1800, budget="recoveries"),
    "text_pause": TooSoon(40, budget="text_pauses"),
    "texts": TooManyTries(1800, budget="texts"),
    "text_asks": TooManyTries(1800, budget="text_asks"),
    "network_texts": TooManyTries(1800, budget="network_texts"),
    "country_texts": TooManyTries(1800, budget="country_texts"),
    "site_texts": TooManyTries(1800, budget="site_texts"),
    "not_served": NumberNotServed("TA"),
    "second_step": SecondStepMissing(),
    "undo": LinkUnusable(of="undo"),
    "undo_tries": LinkUnusable(of="undo_tries"),
    "letter_checks": TooManyTries(1800, budget="letter_checks"),
    "exports": TooManyTries(1800, budget="exports"),
    "downloads": TooManyTries(1800, budget="downloads"),
    "usernames": TooManyTries(1800, budget="usernames"),
    "undo_proofs": TooManyTries(1800, budget="undo_proofs"),
    "changes_held": ChangesHeld(),
    "sign_in_frozen": SignInFrozen(),
    "last_administrator": LastAdministrator(),
    "asked_already": AskedAlready("ada", "sam", datetime(2099, 3, 14, 9, 30, tzinfo=UTC)),
    "strongest_proof": StrongestProofNeeded(),
    "sign_in_held": SignInHeld(User()),
    "network": NetworkRefused("2001:db8:85a3:8d3:1319:8a2e:370:7348", "c6ep34wk", staff_only=False),
    "staff_network": NetworkRefused("198.51.100.7", "c6ep34wk", staff_only=True),
    "unread": RulesUnread(),
}
WITH_A_WAY_BACK = (
    *("factor", "factor_stopped"),
    *("letters", "address_letters", "codes", "unlock_codes", "unlocks", "texts", "sign_in_codes"),
)
for name in WITH_A_WAY_BACK:
    REFUSALS[name].back = "/"  # type: ignore[attr-defined]
# As after a sign-in that was refused: with the letter's button.
for name in ("stopped", "wait", "moment"):
    REFUSALS[name].whose = "sam@example.com"  # type: ignore[attr-defined]
# As after a sign-in code that was refused.
REFUSALS["code_moment"] = TooManyTries(2)
REFUSALS["code_moment"].whose, REFUSALS["code_moment"].back = "sam@example.com", "/"  # type: ignore[attr-defined]
PAGES = {
    "400": errors.bad_request,
    "403": errors.forbidden,
    "404": errors.not_found,
    "500": errors.server_error,
    "csrf": errors.csrf_failure,
}


@require_safe
def error_page(request: HttpRequest, name: str) -> HttpResponse:
    """Any error page, without the error."""
    if name in REFUSALS:
        return refusal_page(request, REFUSALS[name])
    if name in PAGES:
        return PAGES[name](request)
    raise Http404


def icon_names() -> list[str]:
    """The names of all symbols in the sprite."""
    sprite = Path(settings.BASE_DIR) / "static" / "img" / "icons.svg"
    return re.findall(r'<symbol id="([a-z]+)"', sprite.read_text())
