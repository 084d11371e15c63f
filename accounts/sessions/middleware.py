"""The session and its person on the request, read in one statement and only when asked for."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthentication
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessions
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from accounts.errors import SessionEnded
from accounts.sessions.store import SessionStore, of_request
from accounts.views.errors import refusal_page

if TYPE_CHECKING:
    from accounts.models import User

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


class SessionMiddleware(DjangoSessions):
    """Django's, with three differences: what a session ended meanwhile answers, a cookie that is
    sent only when its value is new, and the last-seen touch."""

    def process_request(self, request: HttpRequest) -> None:
        session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        session.client_ip = getattr(request, "client_ip", "")
        session.user_agent = request.META.get("HTTP_USER_AGENT", "")
        request.session = session

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = cast(SessionStore, request.session)
        if session.accessed:
            patch_vary_headers(response, ("Cookie",))
        if session.ended or response.status_code >= 500:
            # SECURITY: no Set-Cookie either. A parallel request of the same browser may have just
            # been given the next key; a dead cookie is dropped by the next request.
            return response
        sent = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if session.is_empty():
            if sent is not None:
                _drop_cookie(response)
            return response
        try:
            session.save() if session.modified else session.touch()
        except SessionEnded as ended:
            # Whoever only reads may finish reading.
            return response if request.method in SAFE_METHODS else _told(request, ended)
        if session.session_key and session.session_key != sent:
            _set_cookie(response, session.session_key)
        return response


def _told(request: HttpRequest, ended: SessionEnded) -> HttpResponse:
    """The page for somebody who is nobody any more. The language and message middlewares lie within
    and have finished."""
    request.session, request.user = SessionStore(), AnonymousUser()
    request.__dict__.pop("_messages", None)
    with translation.override(getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)):
        page = refusal_page(request, ended)
    patch_vary_headers(page, ("Cookie",))
    return page


def _set_cookie(response: HttpResponse, key: str) -> None:
    """Ends with the browser (NIST SP 800-63B-4 5.1); the row ends sooner or later by itself."""
    response.set_cookie(
        settings.SESSION_COOKIE_NAME,
        key,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    patch_vary_headers(response, ("Cookie",))


def _drop_cookie(response: HttpResponse) -> None:
    response.delete_cookie(
        settings.SESSION_COOKIE_NAME,
        path=settings.SESSION_COOKIE_PATH,
        samesite="Lax",
    )
    patch_vary_headers(response, ("Cookie",))


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


class AuthenticationMiddleware(DjangoAuthentication):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = cast("User", SimpleLazyObject(lambda: get_user(request)))
