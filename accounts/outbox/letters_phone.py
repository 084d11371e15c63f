"""Letters about a person's telephone number; common arguments as in letters.py."""

from __future__ import annotations

from typing import Literal, Unpack

from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Happening, Reader


def phone_changed(
    *,
    kind: Literal["added", "changed", "removed"],
    old: str,
    new: str,
    link: str,
    happened: Happening,
    **reader: Unpack[Reader],
) -> Letter:
    """E12. `old` and `new` are masked; `link`: where the number is seen to."""
    return compose(
        "phone_changed",
        change=kind,
        old=old,
        new=new,
        link=link,
        happened=happened.rows,
        **reader,
    )
