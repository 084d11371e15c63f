"""The seam with axes: it asks before a password is compared, and hears how it went."""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.http import HttpRequest

from accounts.errors import TooManyTries
from accounts.gates import gates
from accounts.gates.facts import of_request
from accounts.identify import find_user_once
from accounts.known_devices import devices
from accounts.lockout import tries
from accounts.lockout.buckets import account_bucket, typed_name
from accounts.models import User
from accounts.sessions import store

LOCKED = "axes_locked_out"  # its middleware answers with the lockout page where this is set


class Handler(AxesDatabaseHandler):
    """Axes' tables and backend with our counting: before instead of after, one row instead of a sum,
    no cleaning inside a sign-in, nothing of the request kept."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Takes a try: axes' backend asks once for each password that is about to be compared."""
        try:
            tries.take(request, *self._whom(request, credentials))
        except TooManyTries:
            return False
        return True

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        facts = of_request(request, *self._whom(request, credentials))
        return any(gates.closed(gates.BEFORE, facts))

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        return of_request(request, *self._whom(request, credentials)).standing.pair.count

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        """Counted already, unless a proof failed that no backend asked for (a factor of a later
        step): that is counted now, and locks like any other."""
        if request is None or getattr(request, LOCKED, False):
            return
        user, account = self._whom(request, credentials)
        if tries.keep(request, user):
            return
        try:
            tries.take(request, user, account)
        except TooManyTries:
            setattr(request, LOCKED, True)
        else:
            tries.keep(request, user)

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        tries.forgive(request, user)
        store.of_request(request).is_on(devices.remember(request, user))

    def user_logged_out(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """Nothing is counted at sign-out."""

    def _whom(
        self, request: HttpRequest, credentials: dict[str, Any] | None
    ) -> tuple[User | None, str]:
        user = find_user_once(request, typed_name(credentials))
        return user, account_bucket(request, credentials)
