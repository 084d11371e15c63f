"""What is said of a session: by what it was opened, and how long ago it was used."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

# Words of accounts/sessions/proofs.py, as they stand behind "by".
WAYS = {
    "password": gettext_lazy("password"),
    "code": gettext_lazy("email code"),
    "link": gettext_lazy("email link"),
    "mailbox": gettext_lazy("email code"),
    "passkey": gettext_lazy("passkey"),
    "provider": gettext_lazy("another service"),
    "app": gettext_lazy("app code"),
    "security_key": gettext_lazy("security key"),
    "recovery_code": gettext_lazy("recovery code"),
    "texted_code": gettext_lazy("text message"),
    "mailed_code": gettext_lazy("email code"),
    "trusted_device": gettext_lazy("trusted device"),
}


def by_what(methods: tuple[str, ...]) -> str:
    """Like "password and app code". Only a sign-up opens a session without a proof of its own: the
    address itself was proved (accounts/flows/sign_in.py)."""
    words = [str(WAYS.get(method, method)) for method in methods] or [_("creating the account")]
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s and %(second)s") % {"first": words[0], "second": words[-1]}


def ago(at: datetime) -> str:
    """Like "3 hours ago"; of the minute just gone, "1 minute ago"."""
    minutes = max(1, int((timezone.now() - at).total_seconds()) // 60)
    if minutes < 60:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 24:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    return ngettext("%(n)d day ago", "%(n)d days ago", hours // 24) % {"n": hours // 24}
