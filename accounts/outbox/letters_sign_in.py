"""The letters about sign-ins that their owner may know nothing of, as in accounts/outbox/letters.py."""

from __future__ import annotations

from typing import Unpack

from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Happening, Reader


def new_device(*, link: str, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """E8, to every address: somebody signed in where nobody was known before. `link`: the page of
    devices."""
    return compose("new_device", link=link, happened=happened.rows, **reader)


def failed_tries(
    *, link: str, happened: Happening, inside: bool = False, **reader: Unpack[Reader]
) -> Letter:
    """E14: somebody typed wrong passwords until they had to wait, `inside` a session when asked for a
    fresh proof. They got nothing right, so it does not say that they did. `link`: where a password is
    reset."""
    return compose("failed_tries", link=link, inside=inside, happened=happened.rows, **reader)
