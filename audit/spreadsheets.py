"""Tables as CSV, for programs that take some cells for formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from audit.facts import inert

# With what a formula begins in one program or another (OWASP: CSV injection), also in full width.
STARTERS = tuple("=+-@\t\r\n|%=＋－＠＝")


def cell(text: str) -> str:
    """`text` as no program runs it: behind an apostrophe, where it could be taken for a formula."""
    text = inert(text)
    return f"'{text}" if text.lstrip().startswith(STARTERS) else text


def csv_of(rows: Iterable[Iterable[str | int | float | None]]) -> str:
    """RFC 4180; nothing where there is None. Numbers stay numbers."""
    out = StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([cell(one) if isinstance(one, str) else one for one in row])
    return out.getvalue()
