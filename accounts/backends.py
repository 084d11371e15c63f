"""Who is this? One look-up and one hash, whoever is asked for and whatever was typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.models import Permission
from django.db import transaction
from django.http import HttpRequest

from accounts.errors import HashingBusy
from accounts.gates import gates
from accounts.identify import find_user_once
from accounts.lockout import tries
from accounts.models import User
from accounts.passwords import slots, verdict
from accounts.sessions.joined import JoinedUser
from audit import trail
from audit.events import Event


class OneHashBackend(JoinedUser, ModelBackend):
    """Rights as Django's ModelBackend has them; the proof of identity is our own.

    SECURITY: Django hashes twice for an unusable password of an older kind, allauth twice for a
    known address and once for an unknown one. Here it is one for every try (ASVS 6.3.8), and a
    second only after a right password whose hash is of yesterday's kind.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **others: Any,
    ) -> User | None:
        """The person, or None. A person with the right password whom a gate refuses is None too,
        and the gate's verdict is left on the request as `refused_by`. Raises HashingBusy."""
        identifier = username or others.get("email") or others.get("login") or ""
        if password is None:
            return None  # not a try with a password: some other backend's credentials
        user = find_user_once(request, identifier)
        with slots.calling(tries.caller(request)):
            found = verdict.of(password, user.password if user else None)
        if user is None or not found.right:
            return None
        refused = next(gates.closed(gates.after(), tries.facts_met(request, user)), None)
        if refused is not None:
            if request is not None:
                request.refused_by = refused  # type: ignore[attr-defined]
            return None
        if found.stale:
            upgrade(user, password, request)
        return user

    def _get_permissions(self, user_obj: Any, obj: Any, from_name: str) -> set[Any]:
        """None to somebody whose grant has run out, whatever groups they are in still."""
        if getattr(user_obj, "staff_is_over", False):
            return set()
        return super()._get_permissions(user_obj, obj, from_name)  # type: ignore[misc]

    async def aauthenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **others: Any,
    ) -> User | None:
        """Django's own would go round all of the above."""
        return await sync_to_async(self.authenticate)(request, username, password, **others)


def ask_at_once(people: Sequence[User]) -> None:
    """Look up in two SELECTs what all of `people` may do: `has_perm` and `get_all_permissions` ask no
    more of them, as after a first call. Superusers are asked nothing anyway."""
    several = {one.pk: one for one in people if not one.is_superuser}
    for name, way in (("user", "user"), ("group", "group__user")):
        found: dict[int, set[str]] = {pk: set() for pk in several}
        if several:
            rows = Permission.objects.order_by().filter(**{f"{way}__in": list(several)})
            for pk, app, codename in rows.values_list(way, "content_type__app_label", "codename"):
                found.setdefault(pk, set()).add(f"{app}.{codename}")
        for one in people:
            if one.pk in several:
                # The names under which Django's ModelBackend keeps its answers.
                setattr(one, f"_{name}_perm_cache", found[one.pk])
                one.__dict__.pop("_perm_cache", None)


def upgrade(user: User, password: str, request: HttpRequest | None) -> None:
    """Replace the hash by one of today's; the password stays, and so do the sessions.

    A password that was changed since `user` was loaded is not overwritten. Without room to hash the
    old one stays for now.
    """
    former = user.password
    try:
        with slots.calling(tries.caller(request)):
            fresh = make_password(password)
    except HashingBusy:
        return
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, password=former).update(password=fresh):
            return
        trail.record(
            Event.PASSWORD_HASH_UPGRADED,
            actor=user,
            subject=user,
            request=request,
            former=identify_hasher(former).algorithm,
        )
    user.password = fresh
