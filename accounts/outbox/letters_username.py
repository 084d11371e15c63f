"""The letter of a changed username, as in accounts/outbox/letters.py."""

from __future__ import annotations

from typing import Unpack

from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Happening, Reader


def username_changed(
    *, old: str, username: str, days: int, link: str, happened: Happening, **reader: Unpack[Reader]
) -> Letter:
    """To every address: what the name is now, and for how many `days` the old one is held for its
    owner. `link`: where an account is secured, for the reader who did not do this."""
    return compose(
        "username_changed",
        old=old,
        username=username,
        days=days,
        link=link,
        happened=happened.rows,
        **reader,
    )
