"""What was told outside of the chain, read again from wherever it was kept: heads of stretches as
`auth_events heads` prints them and as they stand in TRAIL_HEADS_FILE, and lines of the site's log."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

LOGGER = "audit.heads"
END, HEAD = "End of the trail: ", "Head of the trail: "
_PLACE_AND_SEAL = re.compile(r"([0-9]{1,19}) ([0-9a-f]{64})(?: .*)?", re.ASCII)
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2} ", re.ASCII)
# What stands in the log below the line of an error, as LOG_FORMAT=plain has it (authsite/logs.py):
# where it comes from, what leads on to the next, and of what kind it is. Only errors of ours say more.
_FRAME = re.compile(r"  (?:…|\S.*:[0-9]+ \S+)", re.ASCII)
_LEADS_ON = re.compile(r"which led to:|and while that was handled:|[0-9]+ of [0-9]+:", re.ASCII)
_KIND = re.compile(
    r"(?![0-9A-Fa-f]+\Z)[A-Za-z_][\w.<>]*(?: \[.*\])?"
    r"|(?:accounts|audit|authsite|idp|mfa|django)\.[\w.<>]+: .*",
    re.ASCII,
)


@dataclass
class Told:
    """`heads`: the seals, by their place. `disputed`: the places of which there are two that differ.
    `since`: the place of the first head of a stretch among them, from which on every stretch's must be
    there; of the ends that the log has each minute none must."""

    heads: dict[int, str] = field(default_factory=dict)
    disputed: set[int] = field(default_factory=set)
    since: float = math.inf

    @classmethod
    def of(cls, heads: Mapping[int, str], since: float | None) -> Self:
        """All of them of stretches, where nothing else is said."""
        return cls(dict(heads), since=min(heads, default=math.inf) if since is None else since)

    def misses(self, place: int) -> bool:
        """Whether it has heads of stretches from further back on, and none of what ends there."""
        return self.since < place and place not in self.heads


def read(text: str) -> Told:
    """Lines of the log that say something else are passed over, and so is the traceback below one.
    Raises ValueError with the number of any other line that holds no head: one that was spoiled is not
    left out in silence.

    SECURITY: of two for one place the first counts. Whoever writes the chain anew has the site itself
    add the new one behind the true one. And a line of the log counts only where it begins so: what
    visitors type stands further on in it."""
    told, above = Told(), _Above()
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            said = "" if above.goes_on(line) else _said(line.strip())
        except (ValueError, RecursionError):
            raise ValueError(number) from None
        if not said:
            continue
        is_end = said.startswith(END)
        found = _PLACE_AND_SEAL.fullmatch(said.removeprefix(END).removeprefix(HEAD))
        if found is None:
            raise ValueError(number)
        place, seal = int(found[1]), found[2]
        if told.heads.setdefault(place, seal) != seal:
            told.disputed.add(place)
        if not is_end:
            told.since = min(told.since, place)
    return told


class _Above:
    """Whether the line above lets a traceback begin, or go on: below a line of the log that says
    nothing of the chain, and nowhere else."""

    def __init__(self) -> None:
        self.is_logged = False  # a line of the log, or of a traceback
        self.awaits_kind = False

    def goes_on(self, line: str) -> bool:
        """Whether `line` belongs to a traceback.

        SECURITY: it is passed over, and nothing in it is a head; and no head as it is kept looks so."""
        if self.is_logged:
            is_frame = bool(_FRAME.fullmatch(line) or _LEADS_ON.fullmatch(line))
            if is_frame or (self.awaits_kind and _KIND.fullmatch(line)):
                self.awaits_kind = is_frame
                return True
        said = _CLOCK.sub("", line, count=1)
        self.is_logged = said != line and not said.startswith((END, HEAD))
        self.awaits_kind = self.is_logged  # it may come from nowhere
        return False


def _said(line: str) -> str:
    """What the line says of the chain, without what the log puts before it; '' for a line of the log
    that says something else."""
    if line.startswith("{"):  # LOG_FORMAT=json
        logged = json.loads(line)
        said = str(logged.get("message", "")) if logged.get("logger") == LOGGER else ""
    elif _CLOCK.match(line):  # LOG_FORMAT=plain
        said = _CLOCK.sub("", line, count=1)
    else:
        return line
    return said if said.startswith((END, HEAD)) else ""
