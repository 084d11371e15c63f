"""Grants on the person's page: roles by the names people read, and the last day they count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import roles
from accounts.desk import RowsField
from accounts.models import User

DAY = timedelta(days=1)
# Nobody plans further, and the calendar ends.
LONGEST = 3660 * DAY


class RolesField(RowsField):
    def label_from_instance(self, obj: Any) -> str:
        return roles.called(obj.name)


class _InTheirOrder(ModelChoiceIterator):
    """By Python: to a database the order of thirty acts costs more than all else of the page."""

    def __iter__(self) -> Iterator[Any]:
        yield from map(self.choice, roles.in_order(self.queryset.all()))


class ActsField(RowsField):
    """Permissions by what they let somebody do, in the order of the acts."""

    iterator = _InTheirOrder

    def label_from_instance(self, obj: Any) -> str:
        return roles.act_of(obj)


class LastDayField(forms.DateField):
    """The day is the last on which they are staff; kept is the moment at which it is over, in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=gettext_lazy("Staff until"),
            required=False,
            help_text=gettext_lazy(
                "The last day (UTC) on which they are staff and have their groups; none for no end."
            ),
            widget=forms.DateInput(
                format="%Y-%m-%d", attrs={"type": "date", "class": "vDateField"}
            ),
            input_formats=["%Y-%m-%d"],
            error_messages={"invalid": gettext_lazy("Enter a day like 2027-03-31.")},
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        day: date | None = super().clean(value)
        if day is None:
            return None
        today = timezone.now().date()
        if not today <= day <= today + LONGEST:
            raise forms.ValidationError(_("Choose a day from today on, in the next ten years."))
        return datetime.combine(day + DAY, time(), tzinfo=UTC)


def waits(person: User) -> str:
    """What was asked for takes two, in sentences."""
    said = _(
        "Rights of %(name)s wait for a second one of you: see “What takes two of staff”."
        " Nothing else waits."
    )
    return said % {"name": person}


def went_along(person: User, *, held: bool, superuser: bool) -> str:
    """What went with the mark of staff, in sentences."""
    said = [_("Saved: %(name)s.") % {"name": person}]
    if held:
        said.append(_("Their roles and permissions went with the mark “staff”."))
    if superuser:
        said.append(_("The mark “superuser” went with the mark “staff”."))
    return " ".join(said)


def last_day(until: datetime | None) -> date | None:
    return None if until is None else (until.astimezone(UTC) - timedelta(microseconds=1)).date()


def until(moment: datetime | None) -> str:
    day = last_day(moment)
    return _("until %(day)s") % {"day": formats.date_format(day)} if day else ""
