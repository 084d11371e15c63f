"""Looking, and keeping what was found: opened once, told once, each entry looked at once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit import trail
from audit.alerts import rules
from audit.alerts.facts import gathered
from audit.alerts.findings import About, Finding, Rule, Sum
from audit.chain import ending
from audit.counting import KEPT
from audit.events import Event
from audit.models import Alert, AlertCheck
from audit.watch import spans
from audit.watch.spans import DAY, HOUR

logger = logging.getLogger("audit.alerts")

State = Alert.State
Found = list[tuple[Rule, Finding]]
# Of one rule about what strangers can make any number of, open at once: an attack from a thousand
# networks is one thing to know. What is found once in an entry of the trail would be lost for good.
MOST_OPEN = 50
MANY = (About.NETWORK, About.ACCOUNT)
# The hours that an alert keeps numbers of.
HOURS = 48
# What was found again after such a pause is told again, also where nobody closed it.
PAUSE = DAY
# Two workers need not look twice in a minute.
OFTEN = timedelta(seconds=45)


@dataclass
class Report:
    """`again`: alerts that stood open and changed; `news` those of them that are new again. `left` were
    found and not opened, because MOST_OPEN are. `lost`: another worker's look was quicker, and nothing
    of this one was kept."""

    opened: list[Alert] = field(default_factory=list)
    again: list[Alert] = field(default_factory=list)
    news: list[Alert] = field(default_factory=list)
    left: int = 0
    lost: bool = False


def is_due(now: datetime) -> bool:
    """Whether nobody has looked within the minute. One SELECT."""
    return not AlertCheck.objects.filter(checked_at__gt=now - OFTEN, checked_at__lte=now).exists()


def look(now: datetime | None = None, *, keep: bool = True) -> Report:
    """Gather the facts, ask every rule, and keep what they say; without `keep` only say what would be
    opened. Nothing is gathered inside the transaction, which holds SQLite's one write lock."""
    now = now or timezone.now()
    check = _check(keep=keep)
    facts = gathered(check, now)
    found = rules.found(facts, settings.ALERTS)
    if not keep:
        return _kept(found, now)
    with transaction.atomic():
        held = AlertCheck.objects.select_for_update().get(pk=1)
        if (held.sequence, held.checked_at) != (check.sequence, check.checked_at):
            return Report(lost=True)
        report = _kept(found, now, keep=True)
        _store(report)
        held.sequence, held.checked_at = facts.sequence, now
        held.save(update_fields=["sequence", "checked_at"])
    if report.left:
        logger.warning("%d alerts more were not opened.", report.left)
    return report


def _check(*, keep: bool) -> AlertCheck:
    """The first look begins with the end of the trail: nobody is alarmed of what happened before."""
    check = AlertCheck.objects.filter(pk=1).first()
    if check is None:
        check = AlertCheck(sequence=_end_of_trail())
        if keep:
            AlertCheck.objects.bulk_create([check], ignore_conflicts=True)
            check = AlertCheck.objects.get(pk=1)
    return check


def _end_of_trail() -> int:
    return ending.kept().sequence


def _kept(found: Found, now: datetime, *, keep: bool = False) -> Report:
    """What becomes of it, not stored yet; to `keep` it, those that stand open are held, so that nobody
    closes or mutes one that is then written as it was. Two SELECTs."""
    standing = Alert.objects.exclude(state=State.CLOSED).order_by("pk")
    if keep:
        standing = standing.select_for_update(no_key=True)
    opened = {(one.rule, one.about): one for one in standing}
    again = {key: one for key, one in opened.items() if _end_of_silence(one, now)}
    new, news, left = [], [], 0
    room = Counter(dict.fromkeys(rules.RULES, MOST_OPEN))
    room.subtract(name for name, _about in opened)
    closed = _closed(found)
    for rule, finding in found:
        key = (rule.name, finding.about)
        if key in opened:
            again[key] = opened[key]
            if _found_again(opened[key], rule, finding, now):
                news.append(opened[key])
        elif finding.since is not None and closed.get(key, finding.since) > finding.since:
            continue
        elif room[rule.name] <= 0 and rule.about in MANY:
            left += 1
        else:
            room[rule.name] -= 1
            new.append(_new(rule, finding, now))
    return Report(new, list(again.values()), news, left)


def _end_of_silence(alert: Alert, now: datetime) -> bool:
    """Whoever muted it has seen it. Until when stays: what is found after that is news, and a number
    that begins anew with each hour takes some looks to be found."""
    if alert.state != State.MUTED or (alert.muted_until and alert.muted_until > now):
        return False
    alert.state = State.SEEN
    return True


def _outlasts_silence(alert: Alert, finding: Finding, now: datetime) -> bool:
    """Whether it was muted, and is found in an hour that the silence did not cover whole."""
    until = alert.muted_until
    return until is not None and until <= now and max(finding.found, default=now) + HOUR > until


def _closed(found: Found) -> dict[tuple[str, str], datetime]:
    """When those that were found were closed last."""
    names = {rule.name for rule, finding in found if finding.since is not None}
    about = {finding.about for _rule, finding in found if finding.since is not None}
    rows = Alert.objects.filter(state=State.CLOSED, rule__in=names, about__in=about)
    return {
        (name, whom): at
        for name, whom, at in rows.values_list("rule", "about").annotate(Max("closed_at"))
    }


def _new(rule: Rule, finding: Finding, now: datetime) -> Alert:
    return Alert(
        rule=rule.name,
        about=finding.about,
        opened_at=now,
        found_at=now,
        times=finding.times,
        numbers={"found": _named(finding.found), "usual": _named(finding.usual)},
    )


def _found_again(alert: Alert, rule: Rule, finding: Finding, now: datetime) -> bool:
    """Whether it is news. What lasts is told once; an event, what was found again after a pause, and
    what lasts beyond its silence, anew. A critical event ends a silence: it comes once, and who muted
    the one before did not know of it."""
    is_event = finding.since is None
    is_news = is_event or now - alert.found_at > PAUSE or _outlasts_silence(alert, finding, now)
    if alert.state == State.MUTED:
        is_news = is_event and rule.is_critical
    if is_news:
        alert.state, alert.muted_until = State.NEW, None
        alert.told_at, alert.called_at, alert.calls = None, None, 0
    alert.found_at = now
    kept = alert.numbers
    alert.times += finding.times if is_event else _is_another_hour(kept, finding)
    alert.numbers = {
        "found": _summed(kept.get("found", {}), _named(finding.found), rule.sums),
        "usual": _summed(kept.get("usual", {}), _named(finding.usual), Sum.NEWEST),
    }
    return is_news


def _is_another_hour(kept: Mapping[str, Mapping[str, float]], finding: Finding) -> bool:
    """Each hour in which it was found counts once, however often the worker looks: the last hour of a
    finding is the one in which it is found."""
    return max(_named(finding.found), default="") > max(kept.get("found", {}), default="")


def _named(hours: Mapping[datetime, float]) -> dict[str, float]:
    return {spans.name(hour, HOUR): number for hour, number in hours.items()}


def _summed(kept: Mapping[str, float], more: Mapping[str, float], how: Sum) -> dict[str, float]:
    """By the name of the hour, the newest HOURS."""
    numbers = {**kept}
    for hour, number in more.items():
        if how == Sum.ADDED:
            numbers[hour] = numbers.get(hour, 0) + number
        else:
            numbers[hour] = max(numbers.get(hour, 0), number) if how == Sum.HIGHEST else number
    return {hour: numbers[hour] for hour in sorted(numbers)[-HOURS:]}


def _store(report: Report) -> None:
    if report.again:
        Alert.objects.bulk_update(
            report.again,
            [
                *("state", "muted_until", "told_at", "called_at", "calls"),
                *("found_at", "times", "numbers"),
            ],
        )
    for alert in report.opened:
        alert.save(force_insert=True)
        trail.record(Event.ALERT_OPENED, alert=alert.pk, rule=alert.rule)


def purge(batch: int) -> int:
    """Drop alerts that were closed so long ago that nobody asks, at most `batch`."""
    old = Alert.objects.filter(state=State.CLOSED, closed_at__lt=timezone.now() - KEPT)
    keys = list(old.values_list("pk", flat=True)[:batch])
    return old.filter(pk__in=keys).delete()[0] if keys else 0
