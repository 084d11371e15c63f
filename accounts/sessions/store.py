"""The row is the session: found by the digest of its cookie, its data sealed to that digest.

What ends a session is read from the row and its joined user, never from the data, so a deletion, a
changed password or a switched-off account wins over whatever a request in flight still holds.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY as PROVED_BY_WHOM,
)
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as PROOFS
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY as SUSPENDED
from django.conf import settings
from django.contrib.auth import SESSION_KEY as USER
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest
from django.utils import timezone

from accounts.devices import plain_agent
from accounts.errors import SessionEnded
from accounts.lookups import Lookup
from accounts.models import Session, User
from accounts.sessions import proofs
from audit import sealing
from audit.inserting import insert
from audit.sealed import SealedColumn

KEY_BYTES = 32  # ASVS 7.2.3 asks for 16
_KEY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
SEEN_EVERY = timedelta(minutes=1)
# A suspended POST may hold a typed password: it waits this long for the proof and no longer.
SUSPENDED_SECONDS = 600
SUSPENDED_AT = "suspended_at"
# What was typed into a form that was not sent (accounts/unsent.py): as long.
UNSENT = "unsent"
SAVED = (
    *("key", "data", "proved", "last_seen_at", "client_ip", "user_agent", "expires_at"),
    *("unsent_until", "unsent_of"),
)
OWNED = ("user", "credentials_version", "signed_in_at", "device")
SEALED = SealedColumn("sessions", Session, "data", lambda row: _context(row.key))
_by_key = Lookup(lambda key: Session.objects.select_related("user").filter(key=key))


class SessionGone(SessionEnded, UpdateError, SessionInterrupted):
    """The row was ended meanwhile. Also under the two names by which Django knows this."""


def ends_at(row: Session) -> datetime:
    """When a session ends unless it is seen again: unused, or in any case (ASVS 7.3.1, 7.3.2)."""
    if row.user is None:
        return row.created_at + timedelta(hours=settings.POLICY_CONFIRM_LINK_HOURS)
    idle = settings.POLICY_STAFF_IDLE_MINUTES if row.user.is_staff else settings.POLICY_IDLE_MINUTES
    absolute = (row.signed_in_at or row.created_at) + timedelta(
        hours=settings.POLICY_ABSOLUTE_HOURS
    )
    return min(row.last_seen_at + timedelta(minutes=idle), absolute)


class SessionStore(SessionBase):
    """Subclasses SessionBase, not the database store: what Django adds there would write raw keys.

    A new key takes effect with the next save, in the one UPDATE that also writes what was proved:
    there is no moment in which the old key carries the new rights.
    """

    row: Session | None = None  # as it is stored; None until loaded, and for a session not stored
    ended = False
    client_ip = ""  # of the request it is used in, as the middleware tells
    user_agent = ""
    _get_session: Callable[..., dict[str, Any]]
    _new_owner: User | None = None
    _device: int | None = None  # where the new owner signs in
    _suspended: Any = None  # the suspended POST as it was loaded

    def load(self) -> dict[str, Any]:
        """The data of a living session; of any other nothing, and its key is never taken up."""
        now = timezone.now()
        self.row = _by_key.find(_digest(self.session_key))
        data = _data_of(self.row, now, self.serializer()) if self.row else None
        if data is None:
            self.row = self._session_key = None
            return {}
        self._suspended = data.get(SUSPENDED)
        return data

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(key=_digest(session_key)).exists()

    def create(self) -> None:
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """One INSERT for a new session, else one UPDATE. Raises SessionGone (an UpdateError) when
        the row was ended meanwhile: it is never written anew."""
        data = self._get_session(no_load=must_create)
        now = timezone.now()
        row = None if must_create else self.row
        stored_key = row.key if row else ""
        if row is None:
            self._session_key = self._get_new_session_key()
            row = Session(created_at=now)
        self._fill(row, data, now)
        if not stored_key:
            insert(row)
        else:
            # Never the version alone: a credential changed meanwhile has moved it in the row.
            columns = SAVED + (OWNED if self._new_owner else ())
            values = {name: getattr(row, name) for name in columns}
            if not Session.objects.filter(key=stored_key).update(**values):
                self.ended = True
                raise SessionGone
        self.row, self._new_owner = row, None

    def _fill(self, row: Session, data: dict[str, Any], now: datetime) -> None:
        if data.get(SUSPENDED) is not self._suspended:  # allauth replaces it, never changes it
            self._suspended = data.get(SUSPENDED)
            data[SUSPENDED_AT] = time.time()
        row.key = _digest(self.session_key)
        row.data = sealing.seal(self.serializer().dumps(data), context=_context(row.key))
        unsent = data.get(UNSENT)
        row.unsent_of = unsent["owner"] if unsent else None
        row.unsent_until = _until(unsent["at"]) if unsent else None
        if self._new_owner is not None:
            row.user = self._new_owner
            row.credentials_version = self._new_owner.credentials_version
            row.signed_in_at = now
            row.device = self._device
        row.proved = _proofs(data, row)
        self._see(row, now)

    def _see(self, row: Session, now: datetime) -> None:
        row.last_seen_at = now
        row.client_ip = self.client_ip or row.client_ip
        row.user_agent = plain_agent(self.user_agent) or row.user_agent
        row.expires_at = ends_at(row)

    def touch(self) -> None:
        """Note that a signed-in person is here: one UPDATE, at most once a minute."""
        row, now = self.row, timezone.now()
        if row is None or row.user_id is None or now - row.last_seen_at < SEEN_EVERY:
            return
        self._see(row, now)
        Session.objects.filter(key=row.key).update(
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            client_ip=row.client_ip,
            user_agent=row.user_agent,
        )

    def belongs_to(self, user: User) -> None:
        """This session is `user`'s from the next save on, under the credentials `user` was loaded
        with: when those were changed since, it is dead from birth."""
        self.cycle_key()
        self._new_owner = user

    def is_on(self, device: int) -> None:
        """On which known device its new owner signs in: kept with the owner."""
        self._device = device

    def cycle_key(self) -> None:
        self._get_session()
        self.modified = True
        if self.row is not None:
            self._session_key = self._get_new_session_key()

    def delete(self, session_key: str | None = None) -> None:
        own = self.row.key if self.row else _digest(self.session_key)
        Session.objects.filter(key=_digest(session_key) if session_key else own).delete()

    def flush(self) -> None:
        super().flush()
        self.row = self._new_owner = self._device = None

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expires_at__lt=timezone.now()).delete()

    def _get_new_session_key(self) -> str:
        return secrets.token_urlsafe(KEY_BYTES)

    def _validate_session_key(self, key: str | None) -> bool:
        """Nothing that we did not make reaches the database."""
        return bool(key and _KEY.fullmatch(key))


def _data_of(row: Session, now: datetime, serializer: Any) -> dict[str, Any] | None:
    """What a living row holds; None for one that has ended or does not open."""
    if min(row.expires_at, ends_at(row)) <= now:
        return None
    if row.user is not None and not (
        row.user.is_active
        and row.credentials_version == row.user.credentials_version
        and proofs.suffice(row, two_step_on=row.user.two_step_on)
    ):
        return None
    try:
        data = serializer.loads(sealing.unseal(row.data, context=_context(row.key)))
    except (sealing.SealBroken, ValueError):
        return None
    # SECURITY: whose session it is, the column says; data that says otherwise is not believed.
    if data.get(USER) != (str(row.user_id) if row.user_id else None):
        return None
    if time.time() - data.get(SUSPENDED_AT, 0) > SUSPENDED_SECONDS:
        data.pop(SUSPENDED, None)
        data.pop(SUSPENDED_AT, None)
    if time.time() - data.get(UNSENT, {}).get("at", 0) > SUSPENDED_SECONDS:
        data.pop(UNSENT, None)
    return data


def drop_unsent(row: Session) -> None:
    """Take what was not sent out of a stored session, whoever's it is; one that is saved in this moment
    loses it by that, or has another. One UPDATE."""
    serializer, context = SessionStore().serializer(), _context(row.key)
    same = Session.objects.filter(key=row.key, data=row.data)
    try:
        data = serializer.loads(sealing.unseal(row.data, context=context))
    except (sealing.SealBroken, ValueError):  # nobody reads it, and it ends with its row
        same.update(unsent_until=None, unsent_of=None)
        return
    data.pop(UNSENT, None)
    rest = serializer.dumps(data)
    same.update(data=sealing.seal(rest, context=context), unsent_until=None, unsent_of=None)


def _until(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC) + timedelta(seconds=SUSPENDED_SECONDS)


def _digest(session_key: str | None) -> str:
    return sealing.token_digest(session_key or "")


def _context(key: str) -> str:
    """Binds the data to its row: copied into another one, or under another key, it does not open."""
    return f"session {key}"


def of_request(request: HttpRequest) -> SessionStore:
    """The session of a request, loaded."""
    store = cast(SessionStore, request.session)
    store.keys()
    return store


def _proofs(data: dict[str, Any], row: Session) -> list[dict[str, Any]]:
    """How the owner proved themselves, oldest first, without the names that were typed."""
    if not row.user_id or data.get(PROVED_BY_WHOM) != str(row.user_id):
        return []
    return [
        {"method": record["method"], "at": int(record["at"])}
        | ({"type": record["type"]} if "type" in record else {})
        for record in data.get(PROOFS, [])
    ]
