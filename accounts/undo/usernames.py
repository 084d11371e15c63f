"""A person's username, as it was before a change."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.flows import usernames
from accounts.models import FormerUsername, User
from accounts.undo.parts import Part


def _snapshot(user: User) -> dict[str, Any]:
    """The name, and the newest of those that were left until then. One SELECT."""
    newest = FormerUsername.objects.filter(user=user).aggregate(newest=Max("pk"))["newest"]
    return {"name": user.username, "newest_left": newest or 0}


def _put_back(user: User, former: dict[str, Any]) -> None:
    """The name is theirs again, and no change since counts as one of theirs. One that somebody else has
    by now stays that person's; it is held for longer than a change can be undone (docs/usernames.md).

    SECURITY: a name that they were called by since is held from everybody, who would else meet under it
    whoever chose it."""
    name, newest = former["name"], former["newest_left"]
    if name != user.username and not _takes(user, name):
        return
    left = FormerUsername.objects.filter(user=user)
    since = left.filter(pk__gt=newest)
    theirs = set(left.filter(pk__lte=newest).values_list("digest", flat=True))
    since.filter(digest__in=theirs | {usernames.digest(name)}).delete()
    since.update(user=None)


def _takes(user: User, name: str) -> bool:
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(username=name)
            usernames.demand_not_held(name, by=user)
            usernames.hold(user.username, of=user)
    except (IntegrityError, usernames.UsernameHeld):
        return False
    user.username = name
    return True


PART = Part("username", _snapshot, _put_back)
