"""The person who was read with the session's row, handed to Django in the place of a second look-up."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.sessions.store import of_request

if TYPE_CHECKING:
    from accounts.models import User

_joined: ContextVar[User | None] = ContextVar("_joined", default=None)


class JoinedUser:
    """For authentication backends: the person who came with the session row, else a look-up."""

    def get_user(self, user_id: Any) -> Any:
        user = _joined.get()
        if user is None or user.pk != user_id:
            return super().get_user(user_id)  # type: ignore[misc]
        return user if self.user_can_authenticate(user) else None  # type: ignore[attr-defined]


def get_user(request: HttpRequest) -> User | AnonymousUser:
    """Django's own `get_user`, with all it checks; only its look-up is answered from the row."""
    kept = request.__dict__
    if "_cached_user" not in kept:
        row = of_request(request).row
        token = _joined.set(row.user if row else None)
        try:
            kept["_cached_user"] = auth.get_user(request)
        finally:
            _joined.reset(token)
    return kept["_cached_user"]
