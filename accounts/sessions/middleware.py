"""The session and its person on the request, read in one statement and only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthentication
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessions
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from accounts.errors import SessionEnded
from accounts.refusals import refusal_page
from accounts.sessions.joined import get_user
from accounts.sessions.store import SessionStore

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


class AuthenticationMiddleware(DjangoAuthentication):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = cast("User", SimpleLazyObject(lambda: get_user(request)))
