"""Which rights of somebody moved: roles as the database knows them, permissions by their names."""

from __future__ import annotations

from audit.facts import Count, Kind, Maybe, OneOf, Prose, Several

MOST_NAMES = 100
_NAMES = Maybe(Several(150, MOST_NAMES))
TAKEN: dict[str, Kind] = {"roles_taken": _NAMES, "permissions_taken": _NAMES}
# Of a role: its number, what it lets people do, and what it was called where that changed.
OF_A_ROLE: dict[str, Kind] = {
    "change": OneOf(("added", "changed", "deleted")),
    "role": Maybe(Count()),
    "permissions_given": _NAMES,
    "permissions_taken": _NAMES,
    "was_called": Maybe(Prose(150)),
}
MOVED: dict[str, Kind] = {"roles_given": _NAMES, "permissions_given": _NAMES, **TAKEN}
