"""Keeping what was before a change, and finding it by its link."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import ChangeSet, User
from accounts.undo import parts
from audit import sealing
from audit.sealed import SealedColumn

KEY_BYTES = 32
SHORTEST, LONGEST = 40, 64
SEALED = SealedColumn(
    "what was before changes",
    ChangeSet,
    "former",
    lambda row: _context(row.key_digest),
    reads=("key_digest",),
)


@dataclass(frozen=True)
class Undo:
    """A change that is about to be made. Its letters are composed before the transaction, each with
    `link_for` its address; `keep` belongs into the transaction (`credentials.moved` calls it)."""

    user: User
    kind: str
    key: str
    former: dict[str, Any]
    addresses: frozenset[str]

    def link_for(self, address: str) -> str:
        """The link that stops it, for an address that was confirmed long enough before; else ''."""
        if address not in self.addresses:
            return ""
        return settings.SITE_URL + reverse("account_undo_key", args=[self.key])

    def keep(self) -> ChangeSet:
        """One INSERT."""
        now = timezone.now()
        digest = sealing.token_digest(self.key)
        return ChangeSet.objects.create(
            user=self.user,
            kind=self.kind,
            key_digest=digest,
            former=sealing.seal(json.dumps(self.former).encode(), context=_context(digest)),
            created_at=now,
            expires_at=now + window(),
        )


def window() -> timedelta:
    return timedelta(days=settings.POLICY_UNDO_DAYS)


def begin(user: User, kind: str) -> Undo:
    """Look at everything as it is now, before `user` is changed in `kind` (ChangeSet.Kind).

    A change that is made of another state than this one ends with CredentialsMoved, as it would
    anyway. One SELECT, and those of each part."""
    former = {name: part.snapshot(user) for name, part in parts.every().items()}
    former["password"] = user.password if user.has_usable_password() else ""
    former["password_since"] = user.password_changed_at.isoformat()
    key = secrets.token_urlsafe(KEY_BYTES)
    return Undo(user, kind, key, former, frozenset(aged(user)))


def aged(user: User, *, at: datetime | None = None) -> list[str]:
    """The addresses that were confirmed for POLICY_UNDO_DAYS before now, or `at`."""
    born = (at or timezone.now()) - window()
    rows = EmailAddress.objects.filter(user=user, verified=True, since__confirmed_at__lte=born)
    return list(rows.values_list("email", flat=True))


def alive(now: datetime | None = None) -> QuerySet[ChangeSet]:
    """Those that may be stopped, or undone, still."""
    return ChangeSet.objects.filter(closed_at=None, expires_at__gt=now or timezone.now())


def find(key: str) -> ChangeSet | None:
    """The change that a link is about, with its person, while it may be undone. One SELECT at most."""
    if not SHORTEST <= len(key) <= LONGEST:
        return None
    rows = alive().filter(key_digest=sealing.token_digest(key), user__is_active=True)
    return rows.select_related("user").first()


def first_of(row: ChangeSet) -> ChangeSet:
    """The oldest change of its person that is open still, whatever session made it: whoever came in
    changed more than one thing, signed out and in between, and the owner opens the letter that lies on
    top. One SELECT."""
    rows = alive().filter(user=row.user_id, pk__lt=row.pk)
    return rows.select_related("user").order_by("pk").first() or row


def since(row: ChangeSet) -> QuerySet[ChangeSet]:
    """This change and all of its person's after it that are open: they are undone together."""
    return alive().filter(user=row.user_id, pk__gte=row.pk)


def former_of(row: ChangeSet) -> dict[str, Any]:
    """What was before it. Raises SealBroken."""
    plain = sealing.unseal(row.former, context=_context(row.key_digest))
    return dict(json.loads(plain))


def left_of(first: ChangeSet, rows: Iterable[ChangeSet]) -> dict[str, Any]:
    """What was before `first`, without what any of `rows`, later ones, shows to be used up by then.
    Raises SealBroken where that of `first` does not open."""
    former, use_up = former_of(first), parts.used_up()
    for row in rows:
        if row.kind in former and row.kind in use_up:
            with suppress(sealing.SealBroken, KeyError):
                use_up[row.kind](former[row.kind], former_of(row)[row.kind])
    return former


def amend(row: ChangeSet, former: dict[str, Any]) -> None:
    """Keep `former` as what was before it: something of it was used up. One UPDATE."""
    plain = json.dumps(former).encode()
    alive().filter(pk=row.pk).update(former=sealing.seal(plain, context=_context(row.key_digest)))


def blocks_removal(user: User, email: str) -> bool:
    """Whether `email` must stay for now: a new address cannot remove an old one until the change that
    made it can be undone no more. One SELECT, and one more if there was such a change."""
    changed = alive().filter(user=user, kind=ChangeSet.Kind.ADDRESS).order_by("pk").first()
    return changed is not None and email in aged(user, at=changed.created_at)


def lengthen(user: int, until: datetime) -> None:
    """Let what this person's letters can stop now be stopped `until` then at least, while their account
    awaits its deletion. One UPDATE."""
    waits = User.objects.filter(pk=user, deletion_due_at__isnull=False)
    alive().filter(user__in=waits, expires_at__lt=until).update(expires_at=until)


def close_deletion(user: User) -> None:
    """There is no deletion any more that its letter could stop. One UPDATE."""
    rows = alive().filter(user=user, kind=ChangeSet.Kind.DELETION, stopped_at=None)
    rows.update(closed_at=timezone.now())


def kinds_of(rows: Iterable[ChangeSet]) -> list[str]:
    return sorted({row.kind for row in rows})


def purge(batch: int = 500) -> int:
    """Forget a batch of changes that can be undone no more, and with each what was before it; returns
    how many went."""
    old = ChangeSet.objects.filter(expires_at__lte=timezone.now())
    keys = list(old.values_list("pk", flat=True)[:batch])
    return old.filter(pk__in=keys)._raw_delete(old.db) if keys else 0


def _context(digest: str) -> str:
    return f"what was before change {digest}"
