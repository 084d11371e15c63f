"""What is counted under one name on the dashboard: which events, and which of their details."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db.models import QuerySet, Sum

from audit.counting import SEPARATOR
from audit.events import Event
from audit.models import HourCount
from audit.watch.spans import Piece, Span

CODES_BY = {"email": ("mailed_code",), "text": ("texted_code",)}
PASSKEYS = ("passkey", "security_key")


@dataclass(frozen=True)
class Of:
    """Entries of one event; `first` and `second` are what the parts of its detail may be, all where
    nothing is said."""

    event: Event
    first: tuple[str, ...] = ()
    second: tuple[str, ...] = ()

    def fits(self, detail: str) -> bool:
        first, _, second = detail.partition(SEPARATOR)
        return (not self.first or first in self.first) and (
            not self.second or second in self.second
        )


def _entered(channel: str) -> tuple[Of, ...]:
    """Codes of a channel that were typed back and right, wherever they are asked for."""
    words = CODES_BY[channel]
    return (
        Of(Event.SIGNED_IN, second=words),
        Of(Event.SECOND_STEP_PROVED, words),
        Of(Event.REAUTHENTICATED, words),
        Of(Event.FACTOR_ADDED, words),
    )


MEASURES: dict[str, tuple[Of, ...]] = {
    "signed_in": (Of(Event.SIGNED_IN),),
    "failed": (Of(Event.SIGN_IN_FAILED), Of(Event.SECOND_STEP_FAILED)),
    # Why.
    "wrong_password": (Of(Event.SIGN_IN_FAILED, ("wrong_password",)),),
    "unknown_account": (Of(Event.SIGN_IN_FAILED, ("unknown_account",)),),
    "wrong_code": (
        Of(Event.SIGN_IN_FAILED, ("wrong_code", "wrong_passkey", "unknown_passkey")),
        Of(Event.SECOND_STEP_FAILED),
    ),
    "throttled": (Of(Event.LIMIT_REACHED),),
    "switched_off": (Of(Event.SIGN_IN_FAILED, ("switched_off", "refused", "frozen")),),
    # How.
    "by_password": (Of(Event.SIGNED_IN, ("password",)),),
    "by_passkey": (Of(Event.SIGNED_IN, PASSKEYS),),
    "by_code": (Of(Event.SIGNED_IN, ("code", "link")),),
    "by_provider": (Of(Event.SIGNED_IN, ("provider",)),),
    # From nobody to somebody with a second step.
    "signups_started": (Of(Event.SIGNUP_STARTED),),
    "signups_confirmed": (Of(Event.SIGNUP_CONFIRMED),),
    # A sign-up opens its session by the address alone: no other sign-in is without a method.
    "first_sign_ins": (Of(Event.SIGNED_IN, ("",)),),
    "two_step_on": (Of(Event.TWO_STEP_TURNED_ON),),
    "passkeys_created": (Of(Event.FACTOR_ADDED, ("passkey",)),),
    "passkeys_used": (
        Of(Event.SIGNED_IN, PASSKEYS),
        Of(Event.SIGNED_IN, second=PASSKEYS),
        Of(Event.SECOND_STEP_PROVED, PASSKEYS),
        Of(Event.REAUTHENTICATED, PASSKEYS),
    ),
    "passkeys_failed": (
        Of(Event.SIGN_IN_FAILED, ("wrong_passkey", "unknown_passkey")),
        Of(Event.SECOND_STEP_FAILED, PASSKEYS),
        Of(Event.REAUTHENTICATION_FAILED, PASSKEYS),
    ),
    # Of names that nobody has no code is sent.
    "sent_email": (
        Of(Event.CODE_SENT, ("email",)),
        Of(Event.SIGN_IN_CODE_REQUESTED, ("known",)),
        Of(Event.RECOVERY_CODE_SENT),
    ),
    "sent_text": (
        Of(Event.CODE_SENT, ("text",)),
        Of(Event.PASSWORD_RESET_REQUESTED, ("text",), ("known",)),
    ),
    "entered_email": (
        *_entered("email"),
        Of(Event.SIGNED_IN, ("code",)),
        Of(Event.RECOVERY_REQUESTED),
    ),
    "entered_text": (
        *_entered("text"),
        Of(Event.PHONE_ADDED),
        Of(Event.PHONE_CHANGED),
        Of(Event.PASSWORD_RESET_FINISHED, ("text",)),
    ),
    "resets_asked": (Of(Event.PASSWORD_RESET_REQUESTED),),
    "resets_finished": (Of(Event.PASSWORD_RESET_FINISHED),),
    "hashes_moved": (Of(Event.PASSWORD_HASH_UPGRADED),),
}
_EVENTS = {of.event.value for every in MEASURES.values() for of in every}


def measured(span: Span) -> dict[str, list[int]]:
    """Each measure in each piece of `span`. One SELECT."""
    pieces = {piece: number for number, piece in enumerate(span.pieces)}
    numbers = {measure: [0] * len(pieces) for measure in MEASURES}
    rows = _counted(span.begins, span.ends).values_list(
        "event", "detail", Piece("hour", span.kind.piece)
    )
    for event, detail, piece, count in rows.annotate(Sum("count")):
        for measure in _of(event, detail):
            numbers[measure][pieces[piece]] += count
    return numbers


def totals(span: Span) -> dict[str, int]:
    """Each measure in all of `span`. One SELECT."""
    numbers = dict.fromkeys(MEASURES, 0)
    rows = _counted(span.begins, span.ends).values_list("event", "detail")
    for event, detail, count in rows.annotate(Sum("count")):
        for measure in _of(event, detail):
            numbers[measure] += count
    return numbers


def by_hour(names: Collection[str], hours: Collection[datetime]) -> dict[str, dict[datetime, int]]:
    """These measures in each of `hours` that has any. One SELECT, which an index leads to."""
    wanted = {of.event.value for name in names for of in MEASURES[name]}
    numbers: dict[str, dict[datetime, int]] = {name: {} for name in names}
    rows = HourCount.objects.filter(event__in=wanted, hour__in=hours)
    for event, detail, hour, count in rows.values_list("event", "detail", "hour", "count"):
        for measure in _of(event, detail):
            if measure in numbers:
                numbers[measure][hour] = numbers[measure].get(hour, 0) + count
    return numbers


def _counted(begins: datetime, ends: datetime) -> QuerySet[HourCount]:
    return HourCount.objects.filter(event__in=_EVENTS, hour__gte=begins, hour__lt=ends)


@lru_cache(maxsize=1024)
def _of(event: str, detail: str) -> tuple[str, ...]:
    """The measures that a count belongs to; twice to none."""
    return tuple(
        measure
        for measure, every in MEASURES.items()
        if any(of.event == event and of.fits(detail) for of in every)
    )
