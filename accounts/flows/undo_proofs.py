"""What proves that somebody had an account before a change of it, and what proves nothing any more."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from accounts.lockout import tries
from accounts.models import ChangeSet, User
from accounts.passwords import slots, verdict
from accounts.undo import parts, sets
from audit import sealing


def is_from_before(user: User, row: ChangeSet, typed: str) -> bool:
    """SECURITY: one hash for the password whatever is typed, so that it takes as long for a code. And
    nothing counts that was new itself when the change was made, as the addresses that get the link:
    whoever chose a password by letter last week could else undo with it that its owner took it back."""
    try:
        first = sets.first_of(row)
        former = sets.left_of(first, sets.since(first).filter(kind__in=parts.used_up()))
        before = first.created_at - sets.window()
        is_old = datetime.fromisoformat(former["password_since"]) <= before
        right = verdict.of(typed, former["password"] if is_old else None).right
        proves = [
            part.proves(user, former[kind], typed, before)
            for kind, part in parts.every().items()
            if kind in former
        ]
    except sealing.SealBroken:
        return False
    if any(proves):
        sets.amend(first, former)
    return right or any(proves)


def is_old(request: HttpRequest, row: ChangeSet, password: str) -> bool:
    """Whether it is the password of now, or that of before the changes: whoever made them may know
    either. A hash each. Raises HashingBusy, SealBroken."""
    former = sets.former_of(sets.first_of(row))["password"]
    with slots.calling(tries.caller(request, row.user)):
        return any(verdict.of(password, one).right for one in {row.user.password, former})
