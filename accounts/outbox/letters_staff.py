"""The letters among staff, as in accounts/outbox/letters.py: what takes two of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from accounts.outbox.cleaning import prose
from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import REASON_LENGTH, Happening, Reader

# Every act that there is, by its name: what somebody says yes to is not cut in its middle.
DETAILS_LENGTH = 6_000


def approval_asked(
    *,
    action: str,
    about: str,
    details: Sequence[str],
    asker: str,
    reason: str,
    hours: int,
    link: str,
    **reader: Unpack[Reader],
) -> Letter:
    """To whoever may say yes: what `asker` wants done, to whom, and why. `link`: where it waits."""
    return compose(
        "approval_asked",
        action=action,
        about=about,
        details=prose(" ".join(details), DETAILS_LENGTH),
        asker=asker,
        reason=prose(reason, REASON_LENGTH),
        hours=hours,
        link=link,
        **reader,
    )


def approval_answered(
    *,
    action: str,
    about: str,
    details: Sequence[str],
    approved: bool,
    goes_on: bool,
    who: str,
    reason: str,
    hours: int,
    **reader: Unpack[Reader],
) -> Letter:
    """To the asker: what `who` said. `goes_on`: it is theirs to do now, within so many hours."""
    return compose(
        "approval_answered",
        action=action,
        about=about,
        details=prose(" ".join(details), DETAILS_LENGTH),
        approved=approved,
        goes_on=goes_on,
        who=who,
        reason=prose(reason, REASON_LENGTH),
        hours=hours,
        **reader,
    )


def staff_ends(*, until: datetime, time_zone: str, **reader: Unpack[Reader]) -> Letter:
    """Some days before a grant is over: until when, by the clock of its reader."""
    # Said in the language of the letter, by the clock of its reader.
    day = Happening(at=until, time_zone=time_zone).when
    return compose("staff_ends", over=False, day=day, **reader)


def staff_ended(**reader: Unpack[Reader]) -> Letter:
    """A grant is over."""
    return compose("staff_ends", over=True, **reader)
