"""The one line a form asks before it does what costs: `gate.demand(request, SIGN_UP, address)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.botcheck import held, hosted, pressure, tickets, trap, work
from accounts.errors import Refusal
from accounts.fields import CurrentPasswordField, NewPasswordField
from accounts.lockout import budgets
from accounts.lockout.buckets import network_bucket
from accounts.outside import NoAnswer
from accounts.redirects import NEXT_FIELD, safe_next

WORK, ANSWER, TICKET = "bot_work", "bot_answer", "bot_ticket"


@dataclass(frozen=True)
class Purpose:
    """What is being asked for: which fields go on through the page of the check, and which are
    secrets, that never stand in one."""

    name: str
    carried: tuple[str, ...]
    secrets: dict[str, Callable[[], forms.Field]] = field(default_factory=dict)


def _password() -> forms.Field:
    return CurrentPasswordField(label=_("Password"))


def _chosen_password() -> forms.Field:
    return NewPasswordField(label=_("Create a password"), hint=False)


SIGN_UP = Purpose(
    "sign_up",
    ("name", "email", "username", trap.FIELD, trap.BEGAN),
    {"password1": _chosen_password},
)
RESET = Purpose("reset", ("login", trap.FIELD))
SIGN_IN_CODE = Purpose("sign_in_code", ("login", trap.FIELD))
SIGN_IN = Purpose("sign_in", ("login",), {"password": _password})


class BotCheckNeeded(Refusal):
    """Nothing is done before this browser has shown that somebody is there, or has waited. The page
    is the same for every name."""

    status = 429
    template = "accounts/bot_check.html"

    def __init__(
        self,
        *,
        ticket: tickets.Ticket,
        challenge: work.Challenge | None,
        provider: hosted.Provider | None,
        hidden: dict[str, str],
        asks: forms.Form | None,
    ) -> None:
        super().__init__()
        self.ticket, self.seconds = ticket, ticket.seconds
        self.challenge, self.provider = challenge, provider
        self.hidden, self.asks = hidden, asks
        self.site_key = settings.BOT_CHECK_SITE_KEY
        if provider:  # their scripts write markup by themselves
            self.policy_opened, self.policy_dropped = provider.policy, hosted.DROPPED


def demand(
    request: HttpRequest, purpose: Purpose, identifier: str, *, suspect: bool = False
) -> None:
    """Go on, or raise BotCheckNeeded: while a budget runs low, and for forms of a network that are
    `suspect` again and again, a POST must bring a solved challenge or a ticket that has waited. One
    SELECT while all is calm.

    Ask it before anything is looked up, compared or counted for `identifier`.
    """
    if settings.BOT_CHECK == "off":
        return
    network = network_bucket(request)
    strain = pressure.runs_low(purpose.name, network)
    if strain is None and not (suspect and _often_suspect(network)):
        return
    whose = {"purpose": purpose.name, "network": network}
    answer = request.POST.get(ANSWER, "")
    if answer and work.is_solved(request.POST.get(WORK, ""), answer, **whose):
        return
    provider = hosted.chosen()
    if provider and (token := request.POST.get(provider.field)):
        try:
            if hosted.verdict(provider, token):
                return
        except NoAnswer:
            provider = None
    shown = "" if answer else request.POST.get(TICKET)
    if shown:
        ticket = tickets.show(shown, identifier=identifier, **whose)
        if ticket.passed:
            return
    else:
        ticket = tickets.issue(purpose.name, network, identifier)
    raise _refusal(request, purpose, network, ticket, provider, strain or 0.0)


def _often_suspect(network: str) -> bool:
    """A hint once is none: somebody is quick, or left the page open over night. Programs are it
    every time, so a network has a quarter of its sign-ups for it."""
    few = budgets.Budget(
        "suspect_forms", lambda: -(-settings.POLICY_SIGNUPS_PER_HOUR // 4), budgets.HOUR
    )
    return not budgets.spend_if_room(few, network)


def _refusal(
    request: HttpRequest,
    purpose: Purpose,
    network: str,
    ticket: tickets.Ticket,
    provider: hosted.Provider | None,
    strain: float,
) -> BotCheckNeeded:
    hidden = {name: request.POST[name] for name in purpose.carried if name in request.POST}
    hidden |= {NEXT_FIELD: safe_next(request)} if safe_next(request) else {}
    hidden[TICKET] = ticket.text
    asks = None
    if purpose.secrets:
        secret = {name: request.POST.get(name, "") for name in purpose.secrets}
        if token := held.hold(secret, network=network):
            hidden[held.FIELD] = token
        else:
            asks = forms.Form()
            asks.fields = {name: make() for name, make in purpose.secrets.items()}
            provider = None  # no page of others' scripts has a field for a password
    challenge = None if provider else work.challenge(purpose.name, network, strain)
    if challenge:
        hidden[WORK] = challenge.text
    return BotCheckNeeded(
        ticket=ticket, challenge=challenge, provider=provider, hidden=hidden, asks=asks
    )
