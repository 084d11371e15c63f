"""The one place every change of how an account is reached passes through.

It ends what must end, writes the audit row in the same transaction, and queues the letters. Higher
rooms hang their own endings on ON_CREDENTIALS_CHANGED.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.errors import CredentialsMoved
from accounts.flows import sent_codes
from accounts.known_devices import devices
from accounts.lockout import budgets, recipients
from accounts.models import Confirmation, Session, User
from accounts.outbox.letters import Letter
from accounts.sessions import guard
from accounts.undo import held
from accounts.undo.sets import Undo
from audit import trail
from audit.events import Event

ADDRESS_EVENTS = frozenset(
    {Event.ADDRESS_CONFIRMED, Event.ADDRESS_MAIN_CHANGED, Event.ADDRESS_REMOVED}
)

# SECURITY: after these the person's other known devices are strangers, also where their sessions are
# kept. Whoever had the old password may have come in with browsers of theirs, and each of those would
# go on spending the tries that are the owner's; a session ends by itself, a device half a year later.
FORGET_DEVICES = {
    Event.PASSWORD_CHANGED: "new_password",
    Event.PASSWORD_RESET_FINISHED: "new_password",
    Event.DEACTIVATED: "switched_off",
    Event.RECOVERY_FINISHED: "recovered",
    Event.CHANGE_UNDONE: "undone",
    Event.ACTIVITY_DISOWNED: "not_me",
}
# Strangers, but not to a hold: these may be the doing of whoever came in, and each can be stopped by
# its letter. What its person forgets by a word of their own is forgotten; "this was not me" asks for no
# proof, so it is such a word on an old device alone (docs/decisions/0017).
SET_ASIDE_ONLY = frozenset(
    {Event.PASSWORD_CHANGED, Event.PASSWORD_RESET_FINISHED, Event.RECOVERY_FINISHED}
)


# The site itself, when a time is over.
THE_SITE = object()


def moved(
    user: User,
    event: Event,
    *,
    request: HttpRequest | None,
    letters: Sequence[Letter],
    end_others: bool,
    actor: Any = None,
    undo: Undo | None = None,
    **facts: Any,
) -> int:
    """Record that the way into `user`'s account changed; call it inside the change's transaction.

    Moves `credentials_version` on, which kills reset links and logins under way; ends the other
    sessions, or takes along those that are alive when the person asked to keep them; forgets the
    other known devices where FORGET_DEVICES says so; keeps `undo`, which holds what was before.
    Returns how many sessions ended. Raises CredentialsMoved if the person was changed since `user` was
    loaded; ChangesHeld while another change is stopped.
    `actor` is the person where nobody is named. Each name in ON_CREDENTIALS_CHANGED is called with
    `user` and `event`, `request`, `end_others`, and the `actor` as the trail takes it.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("The way into an account changes inside the change's transaction only.")
    who = None if actor is THE_SITE else actor or user
    seen = user.credentials_version
    if not User.objects.filter(pk=user.pk, credentials_version=seen).update(
        credentials_version=F("credentials_version") + 1
    ):
        raise CredentialsMoved
    user.credentials_version = seen + 1
    held.demand_none(user, event)
    if undo is not None:
        undo.keep()
    sessions = Session.objects.filter(user=user)
    ended = guard.end_others(user, current_session_key(request, user)) if end_others else 0
    # SECURITY: a session of an older version is dead already, and stays so.
    sessions.exclude(credentials_version=seen).delete()
    sessions.update(credentials_version=user.credentials_version)
    recipients.begin_anew(budgets.RESET_LETTERS, user)  # the links they carried are dead
    sent_codes.end_all(user)
    if event not in ADDRESS_EVENTS:
        # Whoever was in the account may have begun to add an address of theirs.
        open_proofs = Confirmation.objects.filter(user=user, spent_at=None)
        open_proofs.update(spent_at=timezone.now())
    if reason := FORGET_DEVICES.get(event):
        forget = devices.set_aside if event in SET_ASIDE_ONLY else devices.forget
        if event is Event.ACTIVITY_DISOWNED:
            forget = held.forgetting_by(request, user)
        _forget_devices(user, reason, forget, request=request, actor=who, is_own=actor is None)
    for path in settings.ON_CREDENTIALS_CHANGED:
        import_string(path)(user, event=event, request=request, end_others=end_others, actor=who)
    if "sessions" in event.allowed:
        facts["sessions"] = ended
    if "of_staff" in event.allowed:
        facts |= of_staff(user)
    trail.record(event, actor=who, subject=user, request=request, **facts)
    for letter in letters:
        letter.put()
    return ended


def of_staff(user: User) -> dict[str, str]:
    """Said with what a second step went by: when somebody looks, the mark may be gone as well."""
    return {"of_staff": "yes" if user.is_staff else "no"}


def _forget_devices(
    user: User,
    reason: str,
    forget: Callable[..., int],
    *,
    request: HttpRequest | None,
    actor: Any,
    is_own: bool,
) -> None:
    """All but the one at hand, if the person is who acts."""
    here = devices.find(request, user) if request is not None and is_own else None
    if count := forget(user, keep=here):
        trail.record(
            Event.DEVICE_FORGOTTEN,
            actor=actor,
            subject=user,
            request=request,
            devices=count,
            reason=reason,
        )


def current_session_key(request: HttpRequest | None, user: User) -> str:
    """The stored key of the session this request runs in, if it is the person's own; else ''."""
    row = getattr(getattr(request, "session", None), "row", None)
    return row.key if row is not None and row.user_id == user.pk else ""


def hand_of(request: HttpRequest | None) -> Any:
    """Who acts: the staff who are signed in, or an operator, who has no request."""
    return trail.OPERATOR if request is None else request.user
