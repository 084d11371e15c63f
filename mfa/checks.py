"""Second steps, as whoever was in an account may have left them behind."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.activity.checks import Check, counted
from accounts.models import User
from mfa import policy
from mfa.models import (
    AuthenticatorApp,
    MailedCode,
    Passkey,
    RecoveryCodes,
    TextedCode,
    TrustedBrowser,
)


def of(user: User) -> list[Check]:
    """One SELECT. What there is none of is named too, where it is offered: that it is gone may be what
    is wrong."""
    found = counted(
        app=AuthenticatorApp.objects.filter(user=user, confirmed=True),
        passkey=Passkey.objects.filter(user=user, confirmed=True),
        texted_code=TextedCode.objects.filter(user=user, confirmed=True),
        mailed_code=MailedCode.objects.filter(user=user, confirmed=True),
        recovery_code=RecoveryCodes.objects.filter(user=user, confirmed=True),
        trusted=TrustedBrowser.objects.filter(user=user, expires_at__gt=timezone.now()),
    )
    listed = [
        ("app", _("Authenticator app"), "mfa_security", _("Check the app")),
        ("passkey", _("Passkeys"), "mfa_passkeys", _("Check passkeys")),
        ("texted_code", _("Codes by text"), "mfa_security", _("Check codes by text")),
        ("mailed_code", _("Codes by email"), "mfa_security", _("Check codes by email")),
        ("recovery_code", _("Recovery codes"), "mfa_recovery_codes", _("Check recovery codes")),
        ("trusted", _("Trusted devices"), "mfa_trusted", _("Check trusted devices")),
    ]
    offered = policy.kinds_for(user) if policy.is_offered(user) else frozenset()
    return [
        Check(label, *found[name], reverse(url_name), link_label)
        for name, label, url_name, link_label in listed
        if found[name][0] or name in offered
    ]
