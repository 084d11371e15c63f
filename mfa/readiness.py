"""What happens to one person if they lose the phone, the mailbox, the password, or two of them: from
the second steps they really have and the policy that really holds. Pure; its facts are loaded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from mfa.factors import Factors
from mfa.flows import recovery
from mfa.models import Passkey

PHONE, MAILBOX, PASSWORD = "phone", "mailbox", "password"
LOSSES = (PHONE, MAILBOX, PASSWORD)
# What the systems call themselves on which a passkey is lost with the phone.
PHONES = ("iPhone", "Android")
# How bad it is, for the mark beside the sentence.
FINE, WAITS, STUCK = "fine", "waits", "stuck"


@dataclass(frozen=True)
class Facts:
    """`mailboxes`: confirmed addresses. `days`: how long the slow lane takes this person."""

    held: Factors
    two_step_on: bool
    has_password: bool
    mailboxes: int
    days: int


@dataclass(frozen=True)
class Fix:
    label: str
    url: str


@dataclass(frozen=True)
class Outcome:
    """`lost` names what was lost, as words for a heading; `state` is one of FINE, WAITS, STUCK."""

    lost: str
    state: str
    sentence: str
    fix: Fix | None = None


def load(user: User, held: Factors) -> Facts:
    """One SELECT."""
    return Facts(
        held=held,
        two_step_on=user.two_step_on,
        has_password=user.has_usable_password(),
        mailboxes=EmailAddress.objects.filter(user=user, verified=True).count(),
        days=recovery.days_for(user),
    )


def of(facts: Facts) -> list[Outcome]:
    """Each single loss, then each two."""
    singles = [(one,) for one in LOSSES]
    return [_outcome(facts, frozenset(lost)) for lost in [*singles, *combinations(LOSSES, 2)]]


def _outcome(facts: Facts, lost: frozenset[str]) -> Outcome:
    state, sentence = _what_happens(facts, lost)
    fix = None if state == FINE else _fix(facts, lost)
    return Outcome(_named(lost), state, sentence, fix)


def _what_happens(facts: Facts, lost: frozenset[str]) -> tuple[str, str]:
    knows_password = facts.has_password and PASSWORD not in lost
    has_mailbox = facts.mailboxes > (1 if MAILBOX in lost else 0)
    if passkey := next(_passkeys_left(facts, lost), None):
        said = _("You sign in with your passkey “<bdi>{name}</bdi>”, which is both steps.")
        return FINE, format_html(said, name=passkey.name)
    seconds = list(_second_steps_left(facts, lost))
    if not facts.two_step_on:
        if knows_password:
            return FINE, _("You sign in with your password.")
        if has_mailbox:
            return FINE, _("You choose a new password by a link to your email.")
        return STUCK, _staff()
    if seconds:
        if knows_password:
            said = _("You sign in with your password and %(second)s.")
            return FINE, said % {"second": seconds[0]}
        if has_mailbox:
            said = _("You choose a new password by a link to your email, with %(second)s.")
            return FINE, said % {"second": seconds[0]}
        return STUCK, _staff()
    if knows_password and has_mailbox:
        said = ngettext(
            "You ask for a new second step by password and email, and wait %(days)d day.",
            "You ask for a new second step by password and email, and wait %(days)d days.",
            facts.days,
        )
        return WAITS, said % {"days": facts.days}
    return STUCK, _staff()


def _passkeys_left(facts: Facts, lost: frozenset[str]) -> Iterator[Passkey]:
    """Those that are not lost with the phone: synced ones, and those that another device has."""
    for passkey in facts.held.passkeys:
        # One that was never used may be anywhere.
        used_on = passkey.last_used_on
        on_phone = not used_on or any(name in used_on for name in PHONES)
        if PHONE not in lost or passkey.is_synced or not on_phone:
            yield passkey


def _second_steps_left(facts: Facts, lost: frozenset[str]) -> Iterator[str]:
    ways = facts.held.ways
    if "app" in ways and PHONE not in lost:
        yield _("your authenticator app")
    if "texted_code" in ways and PHONE not in lost:
        yield _("a code by text message")
    if "mailed_code" in ways and MAILBOX not in lost:
        yield _("a code by email")
    if "recovery_code" in ways:
        yield _("a recovery code")


def _staff() -> str:
    return _("Only the people who run this site can help you, once you have shown who you are.")


def _fix(facts: Facts, lost: frozenset[str]) -> Fix | None:
    """The one thing that helps most: what turns the worst into nothing."""
    if facts.two_step_on and not facts.held.codes_left:
        return Fix(_("Create recovery codes"), reverse("mfa_recovery_codes_generate"))
    if not list(_passkeys_left(facts, lost)):
        return Fix(_("Add a passkey"), reverse("mfa_passkeys"))
    return None


def _named(lost: frozenset[str]) -> str:
    words = {
        frozenset({PHONE}): _("Your phone"),
        frozenset({MAILBOX}): _("Your mailbox"),
        frozenset({PASSWORD}): _("Your password"),
        frozenset({PHONE, MAILBOX}): _("Your phone and your mailbox"),
        frozenset({PHONE, PASSWORD}): _("Your phone and your password"),
        frozenset({MAILBOX, PASSWORD}): _("Your mailbox and your password"),
    }
    return words[lost]
