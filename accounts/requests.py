"""Requests as our middleware leaves them, for the type checker."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


class SiteRequest(HttpRequest):
    """Behind `authsite.middleware.RequestFactsMiddleware`: every request a view or flow sees."""

    client_ip: str
    request_id: str
    device_label: object  # lazy: its str() reads the agent


class OwnRequest(SiteRequest):
    """A request of somebody signed in: behind `login_required`."""

    user: User
