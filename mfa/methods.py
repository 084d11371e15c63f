"""The second steps of a person as staff see them: what, its name and its days, never a secret."""

from __future__ import annotations

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.panels import Method
from mfa import factors
from mfa.models import Passkey


def of(user: User) -> list[Method]:
    """Those that are set up, and passkeys that were stopped. Six SELECTs at most."""
    passkeys = list(Passkey.objects.filter(user=user).order_by("pk"))
    has = factors.of(user, passkeys=passkeys)
    found = [_passkey(one) for one in passkeys]
    if has.app:
        app = has.app
        found.append(Method(_("Authenticator app"), app.name, app.created_at, app.last_used_at))
    for what, sent in ((_("Code by text message"), has.texted), (_("Code by email"), has.mailed)):
        if sent:
            found.append(Method(what, "", sent.created_at, sent.last_used_at))
    if has.codes:
        left = ngettext("%(n)d is left", "%(n)d are left", has.codes_left) % {"n": has.codes_left}
        codes = has.codes
        found.append(Method(_("Recovery codes"), "", codes.created_at, codes.last_used_at, left))
    return found


def _passkey(key: Passkey) -> Method:
    note = _now("Stopped: there is a copy of it") if not key.confirmed else key.last_used_on
    return Method(_("Passkey"), key.name, key.created_at, key.last_used_at, note)
