"""A member of staff who is in: `python -m tests.bench.desk` prints the cookie of their session."""

from __future__ import annotations

from typing import Any

import django

NAME = "staff-of-the-bench"


def cookie() -> str:
    from allauth.account.internal.flows.login import record_authentication
    from django.contrib.auth import login
    from django.http import HttpRequest

    from accounts.models import User
    from accounts.sessions.store import SessionStore

    person, _made = User.objects.get_or_create(
        username=NAME,
        defaults={
            "email": f"{NAME}@example.org",
            "is_staff": True,
            "is_superuser": True,
            "two_step_on": True,
        },
    )
    request: Any = HttpRequest()
    request.session, request.user = SessionStore(), person
    for method in ("password", "app"):
        record_authentication(request, person, method=method)
    login(request, person, backend="accounts.backends.OneHashBackend")
    request.session.save()
    return str(request.session.session_key)


if __name__ == "__main__":
    django.setup()
    print(cookie())
