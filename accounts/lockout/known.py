"""The limits that can keep somebody or a whole network out, as staff see those that are full.

What is limited besides (letters to one mailbox, one person's changes) keeps nobody from signing in. A
higher room adds its own where it covers its urls (accounts/lockout/registry.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.lockout import budgets, limits
from accounts.lockout.budgets import Budget
from audit.events import Event

Words = str | Promise


class Whose(StrEnum):
    ACCOUNT = "account"
    NETWORK = "network"
    COUNTRY = "country"
    SITE = "site"


@dataclass(frozen=True)
class Known:
    """One limit. Without a `window` it is a streak, which no time opens. `seen_in`: the events that
    happen as it fills, whose newest entries name the networks it counts."""

    name: str
    what: Words
    whose: Whose
    limit: Callable[[], int]
    window: Callable[[], timedelta] | None
    seen_in: tuple[Event, ...] = ()


def of_network(budget: Budget, what: Words, *seen_in: Event) -> Known:
    return of(budget, what, Whose.NETWORK, *seen_in)


def of(budget: Budget, what: Words, whose: Whose, *seen_in: Event) -> Known:
    return Known(budget.name, what, whose, budget.limit, lambda: budget.window, seen_in)


FULL = (Event.LIMIT_REACHED,)
_known = [
    Known(
        limits.STRANGERS,
        _("Guesses at one account by unknown devices"),
        Whose.ACCOUNT,
        lambda: settings.POLICY_STRANGER_FAILURES,
        None,
        FULL,
    ),
    Known(
        limits.KNOWN_DEVICES,
        _("Guesses at one account by its known devices"),
        Whose.ACCOUNT,
        lambda: settings.POLICY_KNOWN_DEVICE_FAILURES,
        None,
        FULL,
    ),
    Known(
        limits.ACCOUNT_ON_NETWORK,
        _("Guesses at one account from one network"),
        Whose.ACCOUNT,
        lambda: settings.POLICY_FAILURES_PER_NETWORK,
        lambda: timedelta(minutes=settings.POLICY_FAILURE_WINDOW_MINUTES),
    ),
    Known(
        limits.NETWORK,
        _("Guesses from one network"),
        Whose.NETWORK,
        lambda: settings.POLICY_NETWORK_FAILURES,
        lambda: limits.HOUR,
        FULL,
    ),
    Known(
        limits.SITE,
        _("Guesses at the whole site"),
        Whose.SITE,
        lambda: settings.POLICY_SITE_FAILURES,
        lambda: limits.HOUR,
    ),
    of_network(budgets.SIGNUPS, _("Sign-ups from one network"), Event.SIGNUP_STARTED),
    of_network(
        budgets.RESETS, _("Resets asked for from one network"), Event.PASSWORD_RESET_REQUESTED
    ),
    of_network(
        budgets.UNLOCKS, _("Ways in by letter asked for from one network"), Event.UNLOCK_REQUESTED
    ),
    of_network(
        budgets.SIGN_IN_CODES,
        _("Sign-in codes asked for from one network"),
        Event.SIGN_IN_CODE_REQUESTED,
    ),
    of_network(
        budgets.RECOVERIES,
        _("New second steps asked for from one network"),
        Event.RECOVERY_REQUESTED,
    ),
    of_network(
        budgets.UNLOCK_CODES,
        _("Codes of unlock letters from one network"),
        Event.UNLOCK_REQUESTED,
    ),
    of_network(budgets.LINKS, _("Wrong links from one network")),
    of_network(budgets.LETTER_CHECKS, _("Letters asked about from one network")),
    of_network(budgets.NETWORK_TEXTS, _("Texts asked for from one network"), Event.CODE_SENT),
    of(budgets.COUNTRY_TEXTS, _("Texts to one country"), Whose.COUNTRY),
    of(budgets.SITE_TEXTS, _("Texts of the whole site"), Whose.SITE),
]


def add(*known: Known) -> None:
    """What a higher room counts by networks."""
    names = {one.name for one in _known}
    _known.extend(one for one in known if one.name not in names)


def every() -> list[Known]:
    return list(_known)


def named(name: str) -> Known | None:
    return next((one for one in _known if one.name == name), None)
