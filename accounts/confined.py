"""Who is signed in and gets to a few pages only: whoever has set their account to be deleted, and who
has not agreed to the terms as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from accounts.flows import terms
from accounts.redirects import NEXT_FIELD

# What everybody reaches: out, help, what the site says of itself, a new password by letter, and what
# the link of a letter does alone: that asks for no session, and only tightens.
OPEN = {
    "account_undo",
    "account_undo_done",
    "account_undo_key",
    "account_undo_password",
    "letter_check",
    "account_logout",
    "account_reset_password",
    "account_reset_by_text",
    "account_reset_text_code",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "help",
    "privacy",
    "terms",
    "language",
    "healthz",
    "readyz",
}
# Those who are confined may still take their data along.
DATA = {"account_data_export", "account_data_download"}
# The page that lets them keep their account.
AWAITING_DELETION = {"account_inactive", *DATA}
# The page that asks to agree to terms, and what is open to whoever does not.
AGREEING = {"account_terms", "account_delete", "account_delete_set", *DATA}
# Where a fresh proof is given.
PROOFS = {"account_reauthenticate"}


def open_to_everybody(*url_names: str) -> None:
    """Higher rooms name their pages that nothing may stand before."""
    OPEN.update(url_names)


def open_for_proofs(*url_names: str) -> None:
    """Higher rooms name the pages where a fresh proof is given to them."""
    PROOFS.update(url_names)


class ConfinedMiddleware:
    """In a place of its own behind the views' own walls, as mfa's: it looks at every view there is.
    Nothing is asked of the database: the person's own row says it, and it comes with the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        # With its namespace: a page of the desk is none of ours, whatever it is called there.
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in OPEN or request.path.startswith("/.well-known/"):
            return None
        user = request.user
        if not user.is_authenticated:
            return None
        if user.deletion_due_at is not None:
            return None if name in AWAITING_DELETION | PROOFS else redirect("account_inactive")
        if name not in AGREEING | PROOFS and terms.wait_for(user):
            back = request.get_full_path() if request.method in ("GET", "HEAD") else ""
            query = f"?{urlencode({NEXT_FIELD: back})}" if back else ""
            return HttpResponseRedirect(reverse("account_terms") + query)
        return None
