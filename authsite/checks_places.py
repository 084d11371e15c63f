"""What must hold of the file of places; written down like authsite/checks.py."""

from __future__ import annotations

from accounts import places
from authsite.rules import rule


@rule(
    "W015",
    "The file in PLACES_DATABASE is not in use: it cannot be read, is damaged, or is no .mmdb file.",
    hint="Let the site's user read it, or leave it empty.",
    why="devices and letters say the network address alone, which tells few people anything",
)
def places_are_readable() -> bool:
    return not places.in_use().problem
