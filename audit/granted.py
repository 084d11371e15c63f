"""Which rights of somebody moved: roles as the database knows them, permissions by their names."""

from __future__ import annotations

from audit.facts import Kind, Maybe, Prose, Several

MOST_NAMES = 100
_NAMES = Maybe(Several(150, MOST_NAMES))
TAKEN: dict[str, Kind] = {"roles_taken": _NAMES, "permissions_taken": _NAMES}
# Of a role: what it lets people do, and what it was called where that changed.
OF_A_ROLE: dict[str, Kind] = {
    "permissions_given": _NAMES,
    "permissions_taken": _NAMES,
    "was_called": Maybe(Prose(150)),
}
MOVED: dict[str, Kind] = {"roles_given": _NAMES, "permissions_given": _NAMES, **TAKEN}
