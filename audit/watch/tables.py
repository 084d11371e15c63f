"""What the dashboard lists besides its plots: entries that an index leads to, a few of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from audit import trail
from audit.events import Event
from audit.models import Entry
from audit.reading import READS
from audit.trail import Line
from audit.watch.numbers import Numbers

# Reading does nothing to anybody, whatever is read; it would push out all that does.
STAFF_ACTS = tuple(
    event
    for event in Event
    if event.partition(".")[0] in ("staff", "network", "command", "trail") and event not in READS
)
MOST_ACTS = 10
# Of one network: the newest may be about people who were erased since, and tell nothing any more.
LOOKED_AT = 5
# As in audit/kinds.py: each costs a look at an index, however many entries there are besides.
_NEWEST = "SELECT id FROM (SELECT id FROM audit_entry WHERE {sought} LIMIT %s) AS of_one"
_SOUGHT = {
    "sqlite": "{column} = %s ORDER BY id DESC",
    "postgresql": "{column} >= %s AND {column} <= %s ORDER BY {column}, id DESC",
}


@dataclass(frozen=True)
class Network:
    """Where tries failed. `text` is the /24 or /64, or '' where no entry of it can be read any more."""

    digest: str
    text: str
    failures: int


def networks(numbers: Numbers) -> list[Network]:
    """Those where most failed. Three SELECTs, or none."""
    digests = [digest for digest, _failures in numbers.networks]
    if not digests:
        return []
    names = network_texts(digests)
    return [
        Network(digest, names.get(digest, ""), failures) for digest, failures in numbers.networks
    ]


def staff_acts() -> list[Line]:
    """The newest that staff and operators did. Three SELECTs."""
    newest = _newest("event", STAFF_ACTS, MOST_ACTS)
    return _lines(sorted(newest)[-MOST_ACTS:])


def network_texts(digests: list[str]) -> dict[str, str]:
    """By digest the /24 or /64, where an entry of it can be read. Three SELECTs."""
    lines = _lines(_newest("network_digest", digests, LOOKED_AT))
    seen = (line.network for line in reversed(lines) if line.network)
    return {trail.network_digest(network.partition("/")[0]): network for network in seen}


def _lines(ids: Collection[int]) -> list[Line]:
    return trail.lines(Entry.objects.filter(id__in=ids).order_by("-id"), len(ids))


def _newest(column: str, values: Collection[str], each: int) -> list[int]:
    """The numbers of the newest entries that have one of `values` there, up to `each` of each."""
    part = _NEWEST.format(sought=_SOUGHT[connection.vendor].format(column=column))
    times = 1 if connection.vendor == "sqlite" else 2
    parameters: list[str | int] = []
    for value in values:
        parameters += [str(value)] * times
        parameters.append(each)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([part] * len(values)), parameters)
        return [id for (id,) in cursor.fetchall()]
