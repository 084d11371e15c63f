"""What can be put back. Each room names its `Part`s in settings.UNDO_PARTS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.module_loading import import_string

from accounts.models import User


def _proves_nothing(user: User, former: Any, typed: str, before: datetime) -> bool:
    return False


@dataclass(frozen=True)
class Part:
    """`kind` is a word of ChangeSet.Kind. `snapshot(user)` is JSON of how it is now, secrets opened: it
    is sealed as a whole. `put_back(user, former)` makes it so again, in the transaction of the undoing
    and with the person held. `proves(user, former, typed, before)` says whether `typed` is a
    code of something that had been there since `before`, and uses it up: in `former` too, for what is
    no more. `use_up(former, later)` takes from `former` what `later`, the snapshot of a later change of
    its kind, shows to be used: what it took away has left no row."""

    kind: str
    snapshot: Callable[[User], Any]
    put_back: Callable[[User, Any], None]
    proves: Callable[[User, Any, str, datetime], bool] = _proves_nothing
    use_up: Callable[[Any, Any], None] | None = None


@lru_cache(maxsize=1)
def every() -> dict[str, Part]:
    found = (import_string(path) for path in settings.UNDO_PARTS)
    return {part.kind: part for part in found}


def used_up() -> dict[str, Callable[[Any, Any], None]]:
    """`use_up` of those that have one, by their kind."""
    return {kind: part.use_up for kind, part in every().items() if part.use_up}


@receiver(setting_changed)
def _forget(**_changed: Any) -> None:
    every.cache_clear()
