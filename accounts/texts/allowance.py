"""What a flow asks before it sends a text: whether this one may go.

Each text costs money and annoys somebody, and there are people who earn with each one that is sent to
numbers of theirs. So a number, a person, a network, a country and the whole site have a limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest

from accounts.errors import NumberNotServed, TooManyTries, TooSoon
from accounts.known_devices import devices
from accounts.lockout import budgets
from accounts.lockout.buckets import network_bucket
from accounts.lockout.budgets import Budget
from accounts.models import User
from accounts.texts import numbers, senders

NEW_NUMBERS = "new numbers"


def allow(request: HttpRequest, user: User, number: str, *, is_proved: bool = False) -> None:
    """Count one text to `number` (E.164) for `user`, in every limit or, if one is spent, in none.
    Comes before the transaction in which the text is put. `is_proved`: the person has shown that the
    number is theirs, by a code it was sent.

    Raises NumberNotServed, TooManyTries, or TooSoon within a minute after the last text.

    SECURITY: counted apart are numbers that somebody wants to add, texts asked for by a browser that
    is known for the person, and by any other. Whoever adds somebody's number, or has their password,
    uses up nothing that the owner needs.
    """
    country = numbers.country_of(number)
    if not senders.available() or not numbers.is_served(country):
        raise NumberNotServed(country)
    lane = _lane(request, user, is_proved)
    pause = (budgets.TEXT_PAUSES, f"{lane} {number}")
    if seconds := budgets.wait(*pause):
        raise TooSoon(seconds, budget=budgets.TEXT_PAUSES.name)
    whose = f"{lane} {user.pk}"
    _spend_all(
        [
            (budgets.TEXTS, f"{lane} {number}"),
            (budgets.TEXT_ASKS, whose),
            (budgets.NETWORK_TEXTS, network_bucket(request)),
            *_guarded(budgets.COUNTRY_TEXTS, country, whose, is_proved),
            *_guarded(budgets.SITE_TEXTS, "all", whose, is_proved),
            pause,  # last: given back, it would end too early the next time
        ]
    )


def allow_quietly(request: HttpRequest, number: str, *, whose: str, by: str, wanted: bool) -> bool:
    """Count one text to `number` for somebody who is not signed in, and say whether it may go. Where
    it is not `wanted`, as for a name that nobody has, the same statements count nothing, but for the
    network: or whoever watches that limit would learn who has a phone. `whose` and `by` as
    `recipients.lane` says them: what one network asks for leaves half to the owner."""
    country = numbers.country_of(number)
    wanted = wanted and senders.available() and numbers.is_served(country)
    room = budgets.spend_if_room(budgets.NETWORK_TEXTS, network_bucket(request)) and wanted
    subject = f"reset {whose}"
    limits = [
        (budgets.TEXT_PAUSES, subject),
        budgets.share(budgets.TEXTS, subject, by=by),
        (budgets.TEXTS, subject),
        *_guarded(budgets.COUNTRY_TEXTS, country, subject, is_proved=True),
        *_guarded(budgets.SITE_TEXTS, "all", subject, is_proved=True),
    ]
    for budget, counted in limits:
        room = budgets.spend_if_room(budget if room else budgets.NOTHING, counted) and room
    return room


def _lane(request: HttpRequest, user: User, is_proved: bool) -> str:
    if not is_proved:
        return "new"
    return "known" if devices.find(request, user) else "stranger"


def _guarded(
    budget: Budget, subject: str, whose: str, is_proved: bool
) -> Iterator[tuple[Budget, str]]:
    """A limit that all share: one person gets no more than the half of it, nor do all who add
    numbers together, so that codes for signing in still go out while somebody floods a country."""
    yield budgets.share(budget, subject, by=whose)
    if not is_proved:
        yield budgets.share(budget, subject, by=NEW_NUMBERS)
    yield budget, subject


def _spend_all(limits: list[tuple[Budget, str]]) -> None:
    """Under any race no limit is passed; whoever is refused leaves all of them as they were."""
    spent: list[tuple[Budget, str]] = []
    for budget, subject in limits:
        try:
            budgets.spend(budget, subject)
        except TooManyTries as refusal:
            for one in reversed(spent):
                budgets.give_back(*one)
            if budget is budgets.TEXT_PAUSES:
                raise TooSoon(refusal.seconds, budget=budget.name) from None
            raise
        spent.append((budget, subject))
