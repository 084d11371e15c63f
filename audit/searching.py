"""Finding entries for staff: by kind, person, network, address, request and days, newest first.

Every page costs about the same, whatever the table holds and however rare is what is asked for: it is
found by number, never by an offset or a count, in the order of one index. What that index does not
say is looked for among the newest LOOKED_THROUGH entries that it leads to; the page then says how far
it came, and its link goes on from there.

Written out, because the models can neither keep PostgreSQL from walking the whole table backwards to
the first fifty (audit/kinds.py says why) nor put an end to each part of a union on SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models

from audit import trail
from audit.events import Event
from audit.models import Entry
from audit.trail import Line

PAGE = 50
LOOKED_THROUGH = 10_000
# Clocks of several machines differ: numbers and times are in the same order but for so much.
SKEW = timedelta(minutes=1)

# What a look-up gives to be looked at further.
COLUMNS = "id, event, at, actor_id, subject_id, request_id, ip_digest, network_digest"

NEWEST = models.BigAutoField.MAX_BIGINT

_OF_A_ROLE = {
    "postgresql": "facts->>'role' = %s",
    "sqlite": "CAST(json_extract(facts, '$.role') AS TEXT) = %s",
}

Part = tuple[tuple[str, str], ...]  # columns of one index, and what each must be
Statement = tuple[str, list[Any]]


@dataclass(frozen=True)
class Sought:
    """What is asked for, each part as the table holds it. `person` acts or is acted on; `addresses`
    are the digests that one address has, a month each; `about` is acted on; `role` is the number of one
    that was changed, looked for among the few changes of any."""

    event: str = ""
    person: str = ""
    network: str = ""
    addresses: tuple[str, ...] = ()
    request: str = ""
    since: datetime | None = None
    until: datetime | None = None
    about: str = ""
    role: int = 0


@dataclass(frozen=True)
class Found:
    """`older` is the entry before which the next page begins, None on the last. `cut_off`: the page
    is not full, because it looked far enough for once. `strange` are the numbers of those that belong
    here and do not read (audit/strange.py)."""

    lines: list[Line]
    older: int | None = None
    cut_off: bool = False
    strange: Sequence[int] = ()


def find(sought: Sought, *, before: int | None = None, limit: int = PAGE) -> Found:
    """Entries before the entry `before`, at most `limit`. Four SELECTs, two more for days."""
    bounds = _bounds(sought, before)
    if bounds is None:
        return Found([])
    low, high = bounds
    parts, rest = _parts(sought), _rest(sought)
    # Numbers say the days but for the skew of clocks: few have to be looked through for them.
    through = min(LOOKED_THROUGH, 1_000) if _is_of_days_alone(sought) else LOOKED_THROUGH
    horizon = _horizon(parts, low, high, through) if rest[1] else None
    depth = through if rest[1] else limit + 1
    columns = f"{COLUMNS}, facts" if sought.role else COLUMNS
    looks = [_looked_up(columns, part, low, high, f"LIMIT {depth}") for part in parts]
    ids = _ids(looks, rest, horizon or 0, limit + 1)
    lines = trail.lines(Entry.objects.filter(id__in=ids[:limit]).order_by("-id"), limit)
    not_read = set(ids[:limit]) - {line.id for line in lines}
    strange = _still_there(not_read) if not_read else ()
    if len(ids) > limit:
        return Found(lines, older=ids[limit - 1], strange=strange)
    return Found(lines, older=horizon, cut_off=horizon is not None, strange=strange)


def _still_there(ids: Collection[int]) -> list[int]:
    """Without those that were pruned in between."""
    return sorted(Entry.objects.filter(id__in=ids).values_list("id", flat=True), reverse=True)


def every(
    sought: Sought,
    *,
    most: int,
    chunk: int = 500,
    strange: Callable[[Sequence[int]], object] = lambda numbers: None,
) -> Iterator[list[Line]]:
    """All of them, a few at a time and `most` in all; what is recorded meanwhile is not seen. `strange`
    is told the numbers of those that do not read (audit/strange.py)."""
    before: int | None = None
    while most > 0:
        found = find(sought, before=before, limit=min(chunk, most))
        if found.strange:
            strange(found.strange)
        if found.lines:
            yield found.lines
        most -= len(found.lines)
        if found.older is None:
            return
        before = found.older


def oldest(sought: Sought) -> int:
    """A number before which nothing of it lies: how far `every` has to come. Two SELECTs at most."""
    bounds = _bounds(replace(sought, until=None), None)
    low = bounds[0] if bounds else 0
    return low or Entry.objects.order_by("id").values_list("id", flat=True).first() or 0


def _parts(sought: Sought) -> list[Part]:
    """By which look-ups the entries are reached: those of the first index that fits."""
    if sought.request:
        return [(("request_id", sought.request),)]
    if sought.addresses:
        return [(("ip_digest", digest),) for digest in sought.addresses]
    event: Part = (("event", sought.event),) if sought.event else ()
    if sought.about:
        return [(("subject_id", sought.about), *event)]
    if sought.person:
        return [(("subject_id", sought.person), *event), (("actor_id", sought.person),)]
    if sought.network:
        return [(("network_digest", sought.network),)]
    return [event]


def _rest(sought: Sought) -> Statement:
    """What has to hold besides, or nothing where the look-ups say it all."""
    said: list[Statement] = []
    for column, value in (("event", sought.event), ("network_digest", sought.network)):
        if value:
            said.append((f"{column} = %s", [value]))
    if sought.about:
        said.append(("subject_id = %s", [sought.about]))
    if sought.person:
        said.append(("(subject_id = %s OR actor_id = %s)", [sought.person] * 2))
    if sought.addresses:
        marks = ", ".join(["%s"] * len(sought.addresses))
        said.append((f"ip_digest IN ({marks})", list(sought.addresses)))
    if sought.request:
        said.append(("request_id = %s", [sought.request]))
    if sought.role:
        said.append((_OF_A_ROLE[connection.vendor], [str(sought.role)]))
    days: list[Statement] = []
    for sign, moment in ((">=", sought.since), ("<", sought.until)):
        if moment is not None:
            days.append((f"at {sign} %s", [connection.ops.adapt_datetimefield_value(moment)]))
    if len(said) <= 1 and not days:
        return "", []
    said += days
    return " AND ".join(sql for sql, _ in said), [each for _, given in said for each in given]


def _is_of_days_alone(sought: Sought) -> bool:
    """Whether the look-ups say all but the days."""
    return not _rest(replace(sought, since=None, until=None))[1]


def _bounds(sought: Sought, before: int | None) -> tuple[int, int] | None:
    """Between which numbers what is sought lies, the second excluded; None where there is nothing."""
    low, high = 0, NEWEST if before is None else before
    if sought.since is not None:
        first = Entry.objects.filter(at__gte=_shifted(sought.since, -SKEW)).order_by("at", "id")
        found = first.values_list("id", flat=True).first()
        if found is None:
            return None
        low = found
    if sought.until is not None:
        last = Entry.objects.filter(at__lt=_shifted(sought.until, SKEW)).order_by("-at", "-id")
        found = last.values_list("id", flat=True).first()
        if found is None:
            return None
        high = min(high, found + 1)
    return low, high


def _shifted(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:  # near either end of the calendar
        return at


def _looked_up(columns: str, part: Part, low: int, high: int, depth: str) -> Statement:
    """One look into an index, newest first.

    From the newest on, in an order that no other index has, so that nothing that is rare by now walks
    through the table. That way of asking passes all that is newer than `high`: from a number on it is
    asked for plainly."""
    from_the_newest = low == 0 and high == NEWEST
    ranged = connection.vendor == "postgresql" and from_the_newest
    sign = "{0} >= %s AND {0} <= %s AND " if ranged else "{0} = %s AND "
    sought = "".join(sign.format(name) for name, _ in part)
    order = "".join(f"{name}, " for name, _ in part) if ranged else ""
    sql = (
        f"SELECT {columns} FROM audit_entry WHERE {sought}id >= %s AND id < %s"  # noqa: S608 - our own columns
        f" ORDER BY {order}id DESC {depth}"
    )
    given = [each for _, value in part for each in [value] * (2 if ranged else 1)]
    return sql, [*given, low, high]


def _together(parts: list[Statement]) -> Statement:
    named = (f"SELECT * FROM ({part}) AS part{n}" for n, (part, _) in enumerate(parts))  # noqa: S608 - marks only
    return " UNION ALL ".join(named), [each for _, given in parts for each in given]


def _horizon(parts: list[Part], low: int, high: int, through: int) -> int | None:
    """How far back this page looks: to the entry at which the first of its look-ups has led to
    `through`; None for to the end."""
    depth = f"LIMIT 1 OFFSET {through - 1}"
    sql, given = _together([_looked_up("id", part, low, high, depth) for part in parts])
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return max((id for (id,) in cursor.fetchall()), default=None)


def _ids(looks: list[Statement], rest: Statement, horizon: int, limit: int) -> list[int]:
    sql, given = _together(looks)
    that, values = rest
    where = f"id >= %s AND {that}" if that else "id >= %s"
    sql = f"SELECT DISTINCT id FROM ({sql}) AS seen WHERE {where} ORDER BY id DESC LIMIT %s"  # noqa: S608 - our own columns
    with connection.cursor() as cursor:
        cursor.execute(sql, [*given, horizon, *values, limit])
        return [id for (id,) in cursor.fetchall()]


def newest(event: Event, *, limit: int) -> list[Line]:
    """The last entries of one kind, whoever they are about, newest first. Two SELECTs."""
    return trail.lines(Entry.objects.filter(event=event.value).order_by("-id"), limit)
