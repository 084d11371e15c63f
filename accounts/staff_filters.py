"""By what the list of people is filtered, and what of it may stand in an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.lockout import full
from accounts.models import Confirmation, User

FLAGS = ("is_active", "is_staff", "is_superuser", "two_step_on")
AWAITING = "awaiting_deletion"
# For how many days somebody has not signed in.
INACTIVE = ("30", "90", "180", "365")
LOOKUPS = frozenset(
    [AWAITING]
    + [f"{flag}__exact" for flag in FLAGS]
    + [f"{date}__{how}" for date in ("created_at", "last_login") for how in ("gte", "lt", "isnull")]
    + ["stopped", "confirmed", "locked", "inactive"]
)


def is_a_moment(value: Any) -> bool:
    try:
        moment = parse_datetime(value[-1] if isinstance(value, list) else value)
    except (ValueError, TypeError, IndexError):
        return False
    return moment is not None and moment.tzinfo is not None


def titled(listed: type[admin.FieldListFilter], title: Any) -> type[admin.FieldListFilter]:
    """The filter under a title of our own words."""

    class Titled(listed):  # type: ignore[valid-type, misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

    return Titled


class StateFilter(admin.BooleanFieldListFilter):
    """Whether they are switched on, in the words of the column."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("state")

    def choices(self, changelist: Any) -> Any:
        words = (_("All"), _("Switched on"), _("Switched off"))
        for choice, said in zip(super().choices(changelist), words, strict=False):
            yield {**choice, "display": said}


class AwaitingDeletion(admin.SimpleListFilter):
    """Whose deletion was asked for."""

    title = _("awaiting deletion")
    parameter_name = AWAITING

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("Yes"))]

    def queryset(self, request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        return people.filter(deletion_due_at__isnull=False) if self.value() == "1" else people


class StoppedFilter(admin.SimpleListFilter):
    """In whose account a change was stopped by the link of its letter."""

    title = _("stopped change")
    parameter_name = "stopped"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("A change is stopped"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.exclude(held_since=None) if self.value() == "1" else queryset


class Confirmed(admin.SimpleListFilter):
    """An account begins with an address that is confirmed: what waits is a further one."""

    title = _("confirmed")
    parameter_name = "confirmed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("0", _("An address waits to be confirmed"))]

    def queryset(self, request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        if self.value() != "0":
            return people
        waits = Confirmation.objects.filter(spent_at=None, expires_at__gt=timezone.now())
        return people.filter(pk__in=waits.exclude(user=None).values("user"))


class Locked(admin.SimpleListFilter):
    """Whose sign-ins a full limit holds up, as far as the lockout can tell whose it is: what the page
    of lockouts names."""

    title = _("locked")
    parameter_name = "locked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("Guesses filled a limit"))]

    def queryset(self, request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        return people.filter(pk__in=full.accounts()) if self.value() == "1" else people


class LastSignedIn(admin.DateFieldListFilter):
    """Django's choices, where "no date" is said to be what it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("last signed in")
        words = {"True": _("Never signed in"), "False": _("Has signed in")}
        self.links = tuple(
            (words.get(str(chosen.get(self.lookup_kwarg_isnull)), said), chosen)
            for said, chosen in self.links
        )


class Inactive(admin.SimpleListFilter):
    """Who did sign in, and not since."""

    title = _("inactive")
    parameter_name = "inactive"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            (days, ngettext("For %(n)s day", "For %(n)s days", int(days)) % {"n": days})
            for days in INACTIVE
        ]

    def queryset(self, request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        days = self.value()
        if days not in INACTIVE:
            return people
        return people.filter(last_login__lt=timezone.now() - timedelta(days=int(days)))


FILTERS = (
    ("is_active", StateFilter),
    "is_staff",
    ("is_superuser", titled(admin.BooleanFieldListFilter, _("superuser"))),
    ("two_step_on", titled(admin.BooleanFieldListFilter, _("two-step sign-in"))),
    Confirmed,
    Locked,
    StoppedFilter,
    AwaitingDeletion,
    ("last_login", LastSignedIn),
    Inactive,
    "created_at",
)
