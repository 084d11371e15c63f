"""By what the list of people is filtered, and what of it may stand in an address."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts.models import User

FLAGS = ("is_active", "is_staff", "is_superuser", "two_step_on")
AWAITING = "awaiting_deletion"
LOOKUPS = frozenset(
    [AWAITING]
    + [f"{flag}__exact" for flag in FLAGS]
    + [f"{date}__{how}" for date in ("created_at", "last_login") for how in ("gte", "lt", "isnull")]
    + ["stopped"]
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
