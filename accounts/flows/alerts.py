"""What staff do about alerts: see, mute, close, each with a reason. What is an alert: audit/alerts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event
from audit.models import Alert

SEE, HANDLE = "audit.view_alert", "audit.handle_alert"
State = Alert.State
OPEN = (State.NEW, State.SEEN, State.MUTED)
SEEN_FROM = (State.NEW,)


def may_see(actor: Any) -> bool:
    """Whoever may handle alerts may see them."""
    return bool(actor.is_active and actor.is_staff and any(map(actor.has_perm, (SEE, HANDLE))))


def may_handle(actor: Any) -> bool:
    return bool(actor.is_active and actor.is_staff and actor.has_perm(HANDLE))


def see(request: HttpRequest, pk: int, *, reason: str) -> bool:
    """Say that a new alert was seen: it stays in the list. False where it is not new any more. Raises
    PermissionDenied, ReauthenticationRequired, SessionEnded, Alert.DoesNotExist, as do the others."""
    with _held(request, pk, SEEN_FROM) as alert:
        if alert is None:
            return False
        _keep(alert, state=State.SEEN)
        trail.record(
            Event.ALERT_SEEN,
            actor=request.user,  # type: ignore[arg-type]
            request=request,
            alert=alert.pk,
            rule=alert.rule,
            reason=reason,
        )
    return True


def mute(request: HttpRequest, pk: int, *, hours: int, reason: str) -> bool:
    """Tell nobody of it for so many hours. False where it is closed."""
    with _held(request, pk, OPEN) as alert:
        if alert is None:
            return False
        until = timezone.now() + timedelta(hours=hours)
        _keep(alert, state=State.MUTED, muted_until=until)
        trail.record(
            Event.ALERT_MUTED,
            actor=request.user,  # type: ignore[arg-type]
            request=request,
            alert=alert.pk,
            rule=alert.rule,
            hours=hours,
            reason=reason,
        )
    return True


def close(request: HttpRequest, pk: int, *, reason: str) -> bool:
    """Be done with it: what was found until now opens none. False where somebody else closed it."""
    with _held(request, pk, OPEN) as alert:
        if alert is None:
            return False
        actor: Any = request.user
        _keep(alert, state=State.CLOSED, closed_at=timezone.now(), closed_by=actor.subject_id)
        trail.record(
            Event.ALERT_CLOSED,
            actor=actor,
            request=request,
            alert=alert.pk,
            rule=alert.rule,
            reason=reason,
        )
    return True


@contextmanager
def _held(
    request: HttpRequest, pk: int, from_states: tuple[Alert.State, ...]
) -> Iterator[Alert | None]:
    """The alert, held to the end of the transaction; None where it is in no state to begin with."""
    demand_fresh_proof(request)
    if not may_handle(request.user):
        raise PermissionDenied
    with transaction.atomic():
        if not may_handle(guard.acting(request)):
            raise PermissionDenied
        alert = Alert.objects.select_for_update().get(pk=pk)
        yield alert if alert.state in from_states else None


def _keep(alert: Alert, **values: Any) -> None:
    Alert.objects.filter(pk=alert.pk).update(**{"muted_until": None, **values})
