"""Entries of the trail as a file, one a line, in pieces: nothing is held in memory whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from django.http import HttpRequest

from audit import trail
from audit.events import Event
from audit.spreadsheets import csv_of
from audit.trail import Line

FORMATS = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
COLUMNS = (
    *("id", "at", "event", "actor_id", "subject_id", "request_id", "label", "device"),
    *("address", "network", "readable", "ours", "facts"),
)
ADDRESSES = frozenset({"address", "network"})


def record(
    facts: Mapping[str, Any],
    *,
    actor: trail.Named,
    request: HttpRequest | None = None,
    **more: Any,
) -> None:
    """That they are taken away, before any is: `facts` say what was asked for, as for reading."""
    trail.record(Event.TRAIL_EXPORTED, actor=actor, request=request, **facts, **more)


def columns(*, with_addresses: bool) -> list[str]:
    return [name for name in COLUMNS if with_addresses or name not in ADDRESSES]


def written(chunks: Iterable[list[Line]], format: str, *, with_addresses: bool) -> Iterator[str]:
    names = columns(with_addresses=with_addresses)
    return _json(chunks, names) if format == "json" else _csv(chunks, names)


def _json(chunks: Iterable[list[Line]], names: list[str]) -> Iterator[str]:
    """One array, an entry a line: for programs that read all of it, and for those that read lines."""
    before = "[\n"
    for lines in chunks:
        for line in lines:
            yield before + json.dumps(_row(line, names))
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _csv(chunks: Iterable[list[Line]], names: list[str]) -> Iterator[str]:
    yield csv_of([names])
    for lines in chunks:
        rows = (_row(line, names) | {"facts": json.dumps(line.facts)} for line in lines)
        yield csv_of([_cell(row[name]) for name in names] for row in rows)


def _row(line: Line, names: list[str]) -> dict[str, Any]:
    at = line.at.astimezone(UTC).isoformat()
    return {name: at if name == "at" else getattr(line, name) for name in names}


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
