"""What is found where the chain is read, and how it is kept."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import DataError, OperationalError

from audit.sealing import SealBroken

logger = logging.getLogger("audit.chain")

MOST_FINDINGS = 1_000  # of each kind that are told one by one
# What it takes to read what no program of ours wrote.
SPOILED = (DataError, OperationalError, OverflowError, TypeError, ValueError, SealBroken)
_NO_TEXT = (
    "Could not decode to UTF-8"  # as SQLite says it, among all else that it calls operational
)


class Wrong(StrEnum):
    """What was done, as far as the chain can tell. Last is what takes no more than an INSERT."""

    CHANGED = "changed"
    REMOVED = "removed"
    MOVED = "moved"
    SEAL_CHANGED = "seal_changed"
    REWRITTEN = "rewritten"
    CUT_OFF = "cut_off"
    HEAD_CHANGED = "head_changed"
    SEGMENT_CHANGED = "segment_changed"
    NOT_TOLD = "not_told"
    TWO_HEADS = "two_heads"
    KEY_LOST = "key_lost"
    KEY_DROPPED = "key_dropped"
    KEY_BACK = "key_back"
    NOT_READ = "not_read"
    INSERTED = "inserted"


@dataclass(frozen=True)
class Finding:
    """`first` and `last` are places in the chain, `id` the number of the entry; None where there is
    none. `name`: whose key it is about, or what could not be read."""

    wrong: Wrong
    first: int | None = None
    last: int | None = None
    id: int | None = None
    name: str = ""


@dataclass
class Result:
    """`verified` entries hold, `pruned` are gone by rule, `waiting` have no place yet. `kinds`: how
    many were found of each."""

    verified: int = 0
    pruned: int = 0
    waiting: int = 0
    found: int = 0
    findings: list[Finding] = field(default_factory=list)
    kinds: Counter[Wrong] = field(default_factory=Counter)
    sequence: int = 0
    seal: str = ""

    def note(self, finding: Finding) -> None:
        """SECURITY: a thousand INSERTs must not keep what else was done from being told."""
        self.found += 1
        self.kinds[finding.wrong] += 1
        if self.kinds[finding.wrong] <= MOST_FINDINGS:
            self.findings.append(finding)

    @contextmanager
    def reading(self, part: str) -> Iterator[None]:
        """What was found before stays found, where a row that somebody spoiled keeps the rest of `part`
        from being read. Anything else that goes wrong is raised: a database that is away says nothing
        of the trail."""
        try:
            yield
        except SPOILED as error:
            if isinstance(error, OperationalError) and _NO_TEXT not in str(error):
                raise
            logger.exception("Of the trail %s could not be read.", part)
            self.note(Finding(Wrong.NOT_READ, name=part))
