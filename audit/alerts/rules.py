"""The rules, each over facts that were gathered for all of them, with figures that an operator sets
(settings.ALERTS)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit.alerts.facts import LOST_METHOD, MADE_STAFF, Facts, Happened
from audit.alerts.findings import About, Finding, Limits, Rule, Sum
from audit.counting import hour_of
from audit.events import Event
from audit.fact_words import STAFF_MARKS
from audit.watch.spans import HOUR

Look = Callable[[Facts, Limits], Iterator[Finding]]


def _rise(measure: str, least: str) -> Look:
    """More than so many times what is usual in this hour, and no less than so many."""

    def look(facts: Facts, limits: Limits) -> Iterator[Finding]:
        counted, usual = facts.counted.get(measure, {}), facts.usual.get(measure, {})
        for hour in facts.hours:
            number = counted.get(hour, 0)
            if number >= limits[least] and number > limits["times"] * usual.get(hour, 0):
                # What is told is the newest number: not that of an hour that has just begun.
                yield Finding(hour, _until(hour, counted), _until(hour, usual))
                return

    return look


def _until(last: datetime, numbers: Mapping[datetime, float]) -> dict[datetime, float]:
    return {hour: number for hour, number in numbers.items() if hour <= last}


def _accounts_of_a_network(facts: Facts, limits: Limits) -> Iterator[Finding]:
    yield from _many(facts, facts.accounts(), limits["accounts"])


def _networks_at_an_account(facts: Facts, limits: Limits) -> Iterator[Finding]:
    yield from _many(facts, facts.networks(), limits["networks"])


def _many(facts: Facts, most: list[tuple[str, int]], least: int) -> Iterator[Finding]:
    for key, number in most:
        if number >= least:
            tried = facts.tried.get(key, {})
            yield Finding(facts.now - HOUR, tried or {hour_of(facts.now): number}, about=key)


def _events(chosen: Callable[[Facts, Happened], bool], *, of_people: bool = True) -> Look:
    """Each entry once; together those about the same person."""

    def look(facts: Facts, limits: Limits) -> Iterator[Finding]:
        found: dict[str, dict[datetime, float]] = {}
        this = hour_of(facts.now)
        for one in facts.happened:
            if chosen(facts, one):
                hours = found.setdefault(one.subject if of_people else "", {})
                hours[this] = hours.get(this, 0) + 1
        for about, hours in found.items():
            yield Finding(None, hours, about=about, times=int(sum(hours.values())))

    return look


def _made_staff(facts: Facts, one: Happened) -> bool:
    """Also where it was taken away again since. An entry that does not say which marks were given was
    written before entries did: what was changed is known of it."""
    marked = any(f'"{mark}"' in (one.marks or one.fields) for mark in STAFF_MARKS)
    return one.event in MADE_STAFF and (marked or one.event == Event.STAFF_SUPERUSER_CREATED)


def _lost_method(facts: Facts, one: Happened) -> bool:
    """As it was at that moment, also of those who lost the mark or the account since. Who is staff by
    now is known of entries that were written before they said it."""
    was_staff = one.of_staff == "yes" if one.of_staff else one.subject in facts.staff
    return one.event in LOST_METHOD and was_staff


def _new_device(facts: Facts, one: Happened) -> bool:
    return one.event == Event.SIGNED_IN and one.device == "new"


def _check_found_something(facts: Facts, one: Happened) -> bool:
    return one.event == Event.TRAIL_VERIFIED and one.found not in ("", "0")


_CHECKS = _events(_check_found_something, of_people=False)


def _trail_is_wrong(facts: Facts, limits: Limits) -> Iterator[Finding]:
    yield from _CHECKS(facts, limits)
    if facts.went_back:
        yield Finding(None, _now(facts, 1))


def _mail_is_late(facts: Facts, limits: Limits) -> Iterator[Finding]:
    if facts.mail_waits >= 60 * limits["mail_minutes"]:
        since = facts.now - timedelta(seconds=facts.mail_waits)
        yield Finding(since, _now(facts, int(facts.mail_waits // 60)))


def _trail_is_late(facts: Facts, limits: Limits) -> Iterator[Finding]:
    since = facts.unplaced_since
    if since is not None and facts.now - since >= timedelta(minutes=limits["trail_minutes"]):
        yield Finding(since, _now(facts, (facts.now - since) // timedelta(minutes=1)))


def _clock_is_off(facts: Facts, limits: Limits) -> Iterator[Finding]:
    if abs(facts.clock_off) >= limits["clock_seconds"]:
        yield Finding(hour_of(facts.now), _now(facts, round(abs(facts.clock_off))))


def _now(facts: Facts, number: int) -> Mapping[datetime, float]:
    return {hour_of(facts.now): number}


_EVERY = (
    Rule(
        "failures_rise",
        _("Many more failed tries than usual"),
        _("Failed tries"),
        _rise("failed", "failures"),
    ),
    Rule(
        "network_accounts",
        _("One network against many accounts"),
        _("Failed tries from there"),
        _accounts_of_a_network,
        About.NETWORK,
    ),
    Rule(
        "account_networks",
        _("Many networks against one account"),
        _("Failed tries there"),
        _networks_at_an_account,
        About.ACCOUNT,
    ),
    Rule(
        "texts_rise",
        _("Many more texts than usual"),
        _("Codes sent by text"),
        _rise("sent_text", "texts"),
    ),
    Rule(
        "resets_rise",
        _("Many more password resets than usual"),
        _("Resets asked for"),
        _rise("resets_asked", "resets"),
    ),
    Rule(
        "staff_added",
        _("Somebody was made staff or a superuser"),
        _("Times made staff or a superuser"),
        _events(_made_staff),
        About.PERSON,
        Sum.ADDED,
        is_critical=True,
    ),
    Rule(
        "staff_method_removed",
        _("Somebody of staff lost a second step"),
        _("Second steps lost"),
        _events(_lost_method),
        About.PERSON,
        Sum.ADDED,
        is_critical=True,
    ),
    Rule(
        "staff_new_device",
        _("Somebody of staff signed in on a new device"),
        _("Sign-ins"),
        _events(_new_device),
        About.PERSON,
        Sum.ADDED,
    ),
    Rule(
        "mail_late",
        _("Emails wait for long"),
        _("Minutes that the oldest waits"),
        _mail_is_late,
        sums=Sum.HIGHEST,
    ),
    Rule(
        "clock_off",
        _("The clocks of worker and database differ"),
        _("Seconds"),
        _clock_is_off,
        sums=Sum.HIGHEST,
    ),
    Rule(
        "trail_wrong",
        _("The trail was found to be changed"),
        _("Times found changed"),
        _trail_is_wrong,
        sums=Sum.ADDED,
        is_critical=True,
    ),
    Rule(
        "trail_late",
        _("The trail is not chained"),
        _("Minutes that the oldest entry waits"),
        _trail_is_late,
        sums=Sum.HIGHEST,
    ),
)
RULES: dict[str, Rule] = {rule.name: rule for rule in _EVERY}
# Of the rules about what happened: which events, and which of them.
MADE_OF: dict[str, tuple[Collection[Event], Callable[[Facts, Happened], bool]]] = {
    "staff_added": (MADE_STAFF, _made_staff),
    "staff_method_removed": (LOST_METHOD, _lost_method),
    "staff_new_device": ((Event.SIGNED_IN,), _new_device),
    "trail_wrong": ((Event.TRAIL_VERIFIED,), _check_found_something),
}
CRITICAL = frozenset(rule.name for rule in _EVERY if rule.is_critical)


def found(
    facts: Facts, limits: Limits, names: Collection[str] = RULES
) -> list[tuple[Rule, Finding]]:
    """All that the rules say."""
    return [(RULES[name], one) for name in names for one in RULES[name].look(facts, limits)]
