"""Staff remove one second step or passkey of somebody, and leave the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import CredentialsMoved
from accounts.flows import credentials
from accounts.flows.approvals import Kind, Wish
from accounts.models import Approval, User
from audit.events import Event
from audit.trail import Two
from mfa import factors
from mfa.factors import Factors
from mfa.flows import changes, staff
from mfa.models import AuthenticatorApp, MailedCode, Passkey, RecoveryCodes, TextedCode
from mfa.recovery import letters

REMOVE_METHOD = "mfa.remove_method"
PASSKEY = "passkey-"


def of(person: User) -> dict[str, str]:
    """What can be removed, by the word that names it, in words."""
    return _named(factors.of(person))


def _named(held: Factors) -> dict[str, str]:
    """Names of passkeys and apps are their owner's, dates the site's; nothing of it is a secret."""
    found: dict[str, str] = {}
    if held.app:
        found["app"] = _("Authenticator app “%(name)s”") % {"name": held.app.name}
    for one in held.passkeys:
        found[f"{PASSKEY}{one.pk}"] = _("Passkey “%(name)s”") % {"name": one.name}
    if held.texted:
        found["texted_code"] = _("Codes by text message")
    if held.mailed:
        found["mailed_code"] = _("Codes by email")
    return found


def remove(request: HttpRequest, person: User, method: str, *, reason: str) -> bool:
    """Take it away, and end all sessions. False if this was the first word of two, about a colleague.

    Raises PermissionDenied, ReauthenticationRequired; CredentialsMoved if it is gone meanwhile."""
    before = factors.of(person)
    if method not in _named(before):
        raise CredentialsMoved

    def act(now: User, two: Two) -> None:
        _take(now, method)
        after = _without(before, method)
        if after.codes is None:
            RecoveryCodes.objects.filter(user=now).delete()
        _loosen(now, after)
        changes.keep_state(now, after)
        credentials.moved(
            now,
            Event.STAFF_METHOD_REMOVED,
            request=request,
            letters=[],
            end_others=True,
            actor=request.user,
            factor="passkey" if method.startswith(PASSKEY) else method,
            reason=reason,
            two=two,
        )

    mail = letters.by_staff(person, _what_was_done, reason)
    asked = {"method": method}
    return staff.do(request, person, "method", REMOVE_METHOD, act, mail, reason=reason, asked=asked)


def _take(person: User, method: str) -> None:
    rows: Any = {
        "app": AuthenticatorApp.objects,
        "texted_code": TextedCode.objects,
        "mailed_code": MailedCode.objects,
    }.get(method, Passkey.objects)
    mine = rows.filter(user=person)
    if method.startswith(PASSKEY):
        mine = mine.filter(pk=method.removeprefix(PASSKEY))
    if not mine.delete()[0]:
        raise CredentialsMoved


def _without(held: Factors, method: str) -> Factors:
    if method.startswith(PASSKEY):
        return held.without_passkey(int(method.removeprefix(PASSKEY)))
    fields: Mapping[str, Any] = {
        {"app": "app", "texted_code": "texted", "mailed_code": "mailed"}[method]: None
    }
    return replace(held, **fields).settled()


def _loosen(person: User, after: Factors) -> None:
    """Limits of theirs that lean on what is gone would keep them out of their own account."""
    loose: dict[str, Any] = {}
    if not after.passkeys:
        loose["passkey_for_changes"] = False
    if not after.has_strong:
        loose["resets_need_proof"] = False
    if loose:
        User.objects.filter(pk=person.pk).update(**loose)


def _what_was_done() -> str:
    return _("One second step or passkey of your account was removed, and all devices signed out.")


def _said(wish: Wish) -> list[str]:
    method = str(wish.asked.get("method", ""))
    return [of(wish.person).get(method, method)] if wish.person else []


def _page(row: Approval) -> str:
    return reverse("admin:mfa_method_remove", args=[row.person_id])


KIND = Kind(gettext_lazy("Remove one second step"), said=_said, page=_page)
