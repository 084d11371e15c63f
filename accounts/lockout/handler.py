"""The seam with axes: it asks before a password is compared, and hears how it went."""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.http import HttpRequest

from accounts.errors import TooManyTries
from accounts.lockout import tries
from accounts.lockout.buckets import account_bucket, network_bucket
from accounts.lockout.counting import Counter
from accounts.lockout.tries import forget_failures
from accounts.models import User

__all__ = ["Handler", "forget_failures"]

LOCKED = "axes_locked_out"  # its middleware answers with the lockout page where this is set


class Handler(AxesDatabaseHandler):
    """Axes' tables and backend with our counting: before instead of after, one row instead of a sum,
    no cleaning inside a sign-in, nothing of the request kept."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Takes a try: axes' backend asks once for each password that is about to be compared."""
        try:
            tries.take(request, account_bucket(request, credentials))
        except TooManyTries:
            return False
        return True

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return bool(self._counter(request, credentials).wait())

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        row = self._counter(request, credentials).rows.values_list("failures_since_start")
        return row[0][0] if row else 0

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        """Counted already, unless a proof failed that no backend asked for (a factor of a later
        step): that is counted now, and locks like any other."""
        if request is None or getattr(request, LOCKED, False) or tries.keep(request):
            return
        try:
            tries.take(request, account_bucket(request, credentials)).settled = True
        except TooManyTries:
            setattr(request, LOCKED, True)

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        tries.forgive(request, user)

    def user_logged_out(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """Nothing is counted at sign-out."""

    def _counter(self, request: HttpRequest, credentials: dict[str, Any] | None) -> Counter:
        return tries.counter(account_bucket(request, credentials), network_bucket(request))
