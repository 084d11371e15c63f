"""How fresh the last proof of identity is, asking for a fresh one, and carrying on afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, cast

from allauth.account.internal.flows.login import (
    get_authentication_records,
    record_authentication,
)
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY as SUSPENDED
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import panels
from accounts.models import User
from accounts.redirects import NEXT_FIELD, safe_next, to_sign_in


def has_fresh_proof(request: HttpRequest) -> bool:
    """Whether this session proved its person within POLICY_FRESH_PROOF_MINUTES, by one of
    STEP_UP_METHODS: proofs of the person, not of a mailbox (ASVS 7.5.1).

    Read from the session's own record of proofs alone, so it is asked of people without a password
    too (the library's own answer for them is "yes").
    """
    if not request.user.is_authenticated:
        return False
    limited = request.user.passkey_for_changes
    return _has_fresh(request, {"passkey"} if limited else settings.STEP_UP_METHODS)


def _has_fresh(request: HttpRequest, methods: Collection[str]) -> bool:
    oldest = time.time() - settings.POLICY_FRESH_PROOF_MINUTES * 60
    records = get_authentication_records(request, cast(User, request.user))
    return any(
        record.get("method") in methods and record.get("at", 0) > oldest for record in records
    )


def record(request: HttpRequest, user: User, method: str, *, again: bool = False) -> None:
    """`user` proved themselves by `method` just now, in this session or in the sign-in under way: a
    word of accounts/sessions/proofs.py. The session gets a new key. `again`: they were signed in."""
    record_authentication(request, user, method=method, reauthenticated=again or None)


def demand_fresh_proof(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired unless the proof is fresh; the POST is kept and carried on."""
    if not has_fresh_proof(request):
        raise ReauthenticationRequired


def demand_any_fresh_proof(request: HttpRequest) -> None:
    """The same, of people too who have limited their changes to a passkey: for what leads out of that
    limit, after a wait. Whoever calls it asks for more where there is no wait."""
    if not request.user.is_authenticated or not _has_fresh(request, settings.STEP_UP_METHODS):
        raise ReauthenticationRequired


def pages(user: User) -> list[dict[str, Any]]:
    """Where somebody signed in can prove themselves again, the usual place first: allauth's list of
    `id`, `description`, `url`. STEP_UP_PAGES names functions of higher rooms that add theirs, each
    with `strongest`, the way that its page asks first."""
    own = {"id": "password", "description": _("Use your password")}
    own["url"] = reverse("account_reauthenticate")
    found = [own] if user.has_usable_password() else []
    for path in settings.STEP_UP_PAGES:
        found += import_string(path)(user)
    if not found:
        # Nothing to prove with: the mailbox lets them choose a password first.
        found = [{"id": "reset", "description": "", "url": reverse("account_reset_password")}]
    return found


def to_prove(request: HttpRequest, back: str) -> HttpResponseRedirect:
    """To the usual page of proving it, and from there to `back` by GET: for what must not be carried on
    without a button, as a file that leaves the browser on the page of the proof would be."""
    page = pages(cast(User, request.user))[0]["url"]
    return HttpResponseRedirect(f"{page}?{urlencode({NEXT_FIELD: back})}")


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every page says that asks for a fresh proof: of whom, what for, and the way back."""
    came_from = safe_next(request)
    return {
        "account_label": cast(User, request.user).email,
        "about": _about(came_from),
        "only_passkey": cast(User, request.user).passkey_for_changes,
        "cancel_url": came_from or reverse("account_overview"),
    }


def _about(path: str) -> Any:
    try:
        name = resolve(path.partition("?")[0]).url_name if path else ""
    except Resolver404:
        name = ""
    return panels.about_to(name or "") or _(
        "You are about to change how an account is protected. Confirm it is you first."
    )


def lead_back_to_what_was_posted(request: HttpRequest) -> None:
    """allauth carries a suspended POST on only where `next` is its path, and sends `next` with the
    query: what was posted from a filtered list would be lost."""
    path, _mark, query = safe_next(request).partition("?")
    kept = request.session.get(SUSPENDED, {}).get("request", "{}")
    waits = json.loads(kept)
    if query and (path, QueryDict(query).urlencode()) == (waits.get("path"), waits.get("GET")):
        fields = request.POST.copy()
        request.POST = fields  # type: ignore[assignment]
        fields[NEXT_FIELD] = path


def carry_on(request: HttpRequest) -> HttpResponse:
    """After a fresh proof: what was posted before it, else the page that asked, else the overview."""
    lead_back_to_what_was_posted(request)
    return resume_request(request) or HttpResponseRedirect(reverse("account_overview"))


def by_signing_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorates a page that asks for a fresh proof: whoever's session ended meanwhile signs in, which
    is one, and goes on where they would have gone on from here."""

    @wraps(view)
    def signed_in(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return to_sign_in(safe_next(request))

    return signed_in


def forget_what_was_posted(request: HttpRequest) -> None:
    """Whoever gives up proving themselves does not do it later by chance."""
    request.session.pop(SUSPENDED, None)
