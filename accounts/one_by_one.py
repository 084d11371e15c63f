"""What staff do to several people at once: one act for each, so that one who is refused keeps it from
nobody else, and is named with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import CredentialsMoved
from accounts.models import User

# Returns False where there is nothing to do, and raises for whom it is refused.
Act = Callable[..., bool]

NOT_POSSIBLE = gettext_lazy("switched off, or without a password")
REFUSALS: dict[type[Exception], Any] = {
    CredentialsMoved: gettext_lazy("changed in this moment"),
    PermissionDenied: gettext_lazy("not yours to change any more"),
    User.DoesNotExist: gettext_lazy("no longer there"),
}


def do(
    act: Act, request: HttpRequest, people: Iterable[User], reason: str, said: Callable[[int], str]
) -> None:
    """`act` on each of them, and tell whoever asked how many it was done to (`said`), and to whom
    not. What concerns the asker (their session, their proof) is raised."""
    done, refused = 0, []
    for person in people:
        if why := _refusal(act, request, person, reason):
            refused.append(f"{person.username} ({why})")
        else:
            done += 1
    if done:
        messages.success(request, said(done))
    if refused:
        sentence = _("Not done for: %(people)s.") % {"people": ", ".join(refused)}
        messages.warning(request, sentence)


def _refusal(act: Act, request: HttpRequest, person: User, reason: str) -> str:
    """Why it was not done to the person, or ''."""
    try:
        return "" if act(request, person, reason=reason) else str(NOT_POSSIBLE)
    except tuple(REFUSALS) as refusal:
        return str(REFUSALS[type(refusal)])
