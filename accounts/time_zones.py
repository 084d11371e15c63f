"""The time zones a person chooses from: one entry a place, by area, named as people say them.

What is kept is the name in the IANA database. That has some 600, most of them older names for the
same places; the list of places comes with it (`zone.tab`).
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, tzinfo
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AREAS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}
TABLE = "zone.tab"

Choice = tuple[str | Promise, Any]


def choices(current: str) -> list[Choice]:
    """UTC and every place by its area, for a select. `current` is among them, whatever it is called:
    somebody who never touches the list keeps what they have."""
    return [*before_places(current), *by_area()]


def before_places(current: str) -> list[Choice]:
    """What stands above the areas: UTC, and `current` where no area has it."""
    known = {"UTC", *(name for _area, names in by_area() for name, _label in names)}
    own = [] if current in known else [(current, current.replace("_", " "))]
    return [("UTC", "UTC"), *own]


def zone_of(name: str) -> tzinfo:
    """The zone of that name; UTC for none, and for one that this machine's database has not."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


@lru_cache(maxsize=1)
def by_area() -> tuple[Choice, ...]:
    """(area, [(name, label), …]) in alphabetical order. Read once in a process."""
    names = _names()
    groups = (
        (label, sorted((_label(name), name) for name in names if name.startswith(f"{area}/")))
        for area, label in AREAS.items()
    )
    return tuple(
        (label, [(name, shown) for shown, name in places]) for label, places in groups if places
    )


def _label(name: str) -> str:
    """ "Buenos Aires (Argentina)" for America/Argentina/Buenos_Aires."""
    _area, *between, place = name.replace("_", " ").split("/")
    return f"{place} ({between[0]})" if between else place


def _names() -> set[str]:
    """The names of the table; every name there is, on a machine that has no table."""
    names = zoneinfo.available_timezones()
    for text in _tables():
        rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
        return {row[2] for row in rows if len(row) > 2} & names
    return names


def _tables() -> Iterator[str]:
    for folder in zoneinfo.TZPATH:
        if (file := Path(folder, TABLE)).is_file():
            yield file.read_text(encoding="utf-8")
    try:
        yield resources.files("tzdata.zoneinfo").joinpath(TABLE).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return
