"""Numbers of rows in addresses and forms."""

from __future__ import annotations

# The largest number that a database gives a row.
HIGHEST = 2**63 - 1


def row_number(typed: str) -> int | None:
    """The number of a row, or None for what is none."""
    is_one = typed.isascii() and typed.isdecimal() and len(typed) < 20 and int(typed) <= HIGHEST
    return int(typed) if is_one else None
