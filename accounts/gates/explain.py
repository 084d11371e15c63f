"""Why can she not sign in? The road's own gates, asked without a try and without a trace in them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.gates import first
from accounts.gates.facts import Facts, of_question
from accounts.gates.first import Told
from accounts.gates.gates import BEFORE, BESIDES, ON_KNOWN_DEVICES, Verdict, after
from accounts.lockout import limits, meters
from accounts.models import KnownDevice
from audit import trail
from audit.events import Event

# What staff can do about a closed gate, by gate and reason.
UNLOCK, ACTIVATE, RESET, SIGN_UP_AGAIN = "unlock", "activate", "reset_letter", "sign_up_again"


@dataclass(frozen=True)
class Answer:
    """One gate's verdict in words for staff, '' for an open one that says nothing here. `fix` names
    what opens it, '' for nothing but time. `to_owner` says it to the owner, where that is said in other
    words. `is_first`: closed, it refuses no sign-in, and is what must be done before all else."""

    verdict: Verdict
    sentence: str
    fix: str = ""
    to_owner: str = ""
    is_first: bool = False


@dataclass(frozen=True)
class Explanation:
    """`caller` is what may be said to whoever asks: it confirms no account to somebody whom staff
    have not proved to be its owner."""

    facts: Facts
    answers: list[Answer]
    caller: str

    @property
    def is_open(self) -> bool:
        return all(answer.verdict.is_open for answer in self.answers)

    @property
    def closed(self) -> list[Answer]:
        return [answer for answer in self.answers if not answer.verdict.is_open]

    @property
    def refused(self) -> list[Answer]:
        """By what the right password itself is turned away, or the owner kept from their pages."""
        return [answer for answer in self.closed if not answer.is_first]


def explain_login(
    identifier: str,
    *,
    address: str = "",
    at: datetime | None = None,
    proved: bool = False,
    actor: object = None,
    request: HttpRequest | None = None,
) -> Explanation:
    """What a sign-in as `identifier` with the right password, from the network address `address` and
    on a browser that is not known, would meet now, or `at` a later moment if nobody tries meanwhile;
    of the owner's known devices their own limit is told besides. `proved`: the caller has shown to be
    the owner.

    Changes nothing but the trail, which hears who looked (`actor`, else an operator) at whom.
    """
    facts = of_question(identifier, address=address, at=at)
    known = _on_a_known_device(facts)
    asked = (*BEFORE, *after(), *BESIDES)
    met = [(gate, known if gate is ON_KNOWN_DEVICES else facts) for gate in asked]
    answers = [in_words(gate(one), one) for gate, one in met]
    answers += [_first(name, told) for name, told in first.told(facts.user).items()]
    with transaction.atomic():
        trail.record(
            Event.SIGN_IN_EXPLAINED,
            actor=actor or trail.OPERATOR,  # type: ignore[arg-type]
            subject=facts.user,
            request=request,
            label=identifier,
        )
    return Explanation(facts, answers, _for_the_caller(answers, proved=proved))


def _on_a_known_device(facts: Facts) -> Facts:
    account, network = facts.standing.account, facts.standing.network
    standing = limits.load(account, network, KnownDevice(), at=facts.at)
    return replace(facts, standing=standing)


def _first(name: str, told: Told) -> Answer:
    verdict = Verdict(name, told.reason, math.inf if told.reason else 0)
    return Answer(verdict, told.sentence, to_owner=told.to_owner, is_first=True)


def in_words(verdict: Verdict, facts: Facts) -> Answer:
    if verdict.is_open:
        return Answer(verdict, _open(verdict.gate, facts))
    if verdict.gate == "frozen" and facts.user and facts.user.frozen_until:
        day = formats.date_format(timezone.localtime(facts.user.frozen_until), "DATETIME_FORMAT")
        said = _(
            "The person has frozen sign-ins until %(day)s. Devices that are signed in stay so."
        )
        to_owner = _("You have frozen sign-ins until %(day)s. Devices that are signed in stay so.")
        return Answer(verdict, said % {"day": day}, to_owner=to_owner % {"day": day})
    sentence, fix = _WORDS.get((verdict.gate, verdict.reason), (None, ""))
    if sentence is not None:
        to_owner = _("Your account has no password. A reset letter lets you choose one.")
        return Answer(verdict, sentence(), fix, to_owner if verdict.gate == "password" else "")
    if verdict.is_stopped:
        return Answer(verdict, _STOPPED.get(verdict.gate, _closed)(), UNLOCK)
    minutes = max(1, -(-int(verdict.seconds) // 60))
    wait = ngettext("Opens in %(n)d minute.", "Opens in %(n)d minutes.", minutes) % {"n": minutes}
    about = _WAITS.get(verdict.gate, _closed)()
    return Answer(verdict, f"{about} {wait}", UNLOCK if verdict.gate in _UNLOCKS else "")


def _open(gate: str, facts: Facts) -> str:
    if gate in _STREAKS and (failures := facts.standing.failures(gate)):
        return _after_failures(gate, failures)
    if gate == "bot_check" and not facts.asks_bot_check:
        return ""
    if gate == "staff_pages" and not (facts.user and facts.user.is_staff):
        return ""
    if (facts.user is None and gate in _OF_A_PERSON) or (
        not facts.address and gate in _OF_A_NETWORK
    ):
        return ""
    return _OPEN.get(gate, lambda: _("This gate is open."))()


# The limit of each streak: with so many in a row no time opens it.
_STREAKS = {
    limits.STRANGERS: lambda: settings.POLICY_STRANGER_FAILURES,
    limits.KNOWN_DEVICES: lambda: settings.POLICY_KNOWN_DEVICE_FAILURES,
}


def _after_failures(gate: str, failures: int) -> str:
    """A pause that is over just now, and comes again, longer, with the next wrong password."""
    known = gate == limits.KNOWN_DEVICES
    said = _("Known devices need not wait now.") if known else _("New devices need not wait now.")
    counted = ngettext(
        "%(n)d wrong password came in a row.", "%(n)d wrong passwords came in a row.", failures
    ) % {"n": failures}
    if failures + 1 >= _STREAKS[gate]():
        return f"{said} {counted} " + _(
            "After one more the password works there only once a reset or an unlock has opened it."
        )
    seconds = meters.pause(failures + 1)
    if seconds < 60:
        wait = ngettext(
            "One more, and they wait %(n)d second.",
            "One more, and they wait %(n)d seconds.",
            seconds,
        )
        return f"{said} {counted} {wait % {'n': seconds}}"
    minutes = -(-seconds // 60)
    wait = ngettext(
        "One more, and they wait %(n)d minute.", "One more, and they wait %(n)d minutes.", minutes
    )
    return f"{said} {counted} {wait % {'n': minutes}}"


_OF_A_PERSON = {"password", "active", "changes_stopped", "frozen", limits.KNOWN_DEVICES}
_OF_A_NETWORK = {limits.ACCOUNT_ON_NETWORK, limits.NETWORK, "network_rule", "staff_pages"}
_OPEN = {
    "exists": lambda: _("There is an account with this address or username."),
    "password": lambda: _("The account has a password."),
    "active": lambda: _("The account is switched on."),
    "network_rule": lambda: _("No rule about networks keeps this one out."),
    "staff_pages": lambda: _("No rule about networks keeps this one out of the staff pages."),
    "bot_check": lambda: _(
        "Many wrong passwords came lately, so a new device is asked for a short check first: it solves"
        " a puzzle by itself, or waits."
    ),
    limits.STRANGERS: lambda: _("New devices do not have to wait."),
    limits.KNOWN_DEVICES: lambda: _("The owner's known devices do not have to wait."),
    limits.ACCOUNT_ON_NETWORK: lambda: _("This network may try this account."),
    limits.NETWORK: lambda: _("This network may try accounts."),
    limits.SITE: lambda: _("The whole site is open for tries."),
    "changes_stopped": lambda: _("No change to the account is stopped."),
    "frozen": lambda: _("The person has not frozen sign-ins."),
}


def _closed() -> str:
    return _("This gate is closed.")


_WORDS = {
    ("exists", "unknown"): (lambda: _("Nobody has this address or username."), ""),
    ("exists", "sign_up_waits"): (
        lambda: _(
            "Somebody signed up with this address and has not confirmed it yet. Signing up again sends"
            " another code."
        ),
        SIGN_UP_AGAIN,
    ),
    ("exists", "address_waits"): (
        lambda: _("This address was added to an account and is not confirmed yet."),
        "",
    ),
    ("password", "none"): (
        lambda: _("The account has no password. A reset letter lets its owner choose one."),
        RESET,
    ),
    ("network_rule", "refused"): (
        lambda: _("A rule about networks keeps this address out of the whole site."),
        "",
    ),
    ("staff_pages", "refused"): (
        lambda: _(
            "A rule about networks keeps this address out of the staff pages, and of them alone."
        ),
        "",
    ),
    ("active", "switched_off"): (lambda: _("The account is switched off."), ACTIVATE),
    ("changes_stopped", "held"): (
        lambda: _(
            "A change to the account was stopped by a link from its email: only devices that were known"
            " long before sign in, until the change is undone or kept, or staff open the account."
        ),
        "",
    ),
}
_STOPPED = {
    "strangers": lambda: _(
        "Too many wrong passwords in a row: the password works on known devices only, until a reset,"
        " a sign-in on a known device, or an unlock."
    ),
    "known_devices": lambda: _(
        "Too many wrong passwords in a row on known devices: the password does not work there until"
        " a reset, a sign-in elsewhere, or an unlock."
    ),
}
_WAITS = {
    "strangers": lambda: _("Wrong passwords in a row make new devices wait."),
    "known_devices": lambda: _("Wrong passwords in a row make known devices wait."),
    "account_on_network": lambda: _("Too many wrong passwords for this account from this network."),
    "network_failures": lambda: _("Too many wrong passwords from this network, for all accounts."),
    "site_failures": lambda: _("Too many wrong passwords on the whole site by unknown devices."),
}
_UNLOCKS = {"strangers", "known_devices", "account_on_network"}


def _for_the_caller(answers: list[Answer], *, proved: bool) -> str:
    closed = [answer for answer in answers if not answer.verdict.is_open]
    if not proved:
        return _(
            "Check the address and the password. If the page asks you to wait, ask there for the"
            " letter that lets you in; if you are not sure of the password, reset it."
        )
    if not closed:
        return _("Nothing stands in the way: the right password signs you in.")
    said = [answer.to_owner or answer.sentence for answer in closed]
    if all(answer.is_first for answer in closed):
        said.insert(0, _("The right password is accepted."))
    return " ".join(said)
