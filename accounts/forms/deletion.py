"""What is asked of whoever deletes their account."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class DeletionForm(forms.Form):
    """A14."""

    sure = forms.BooleanField(
        error_messages={"required": gettext_lazy("Tick the box to say that you understand this.")}
    )

    def __init__(self, *args: Any, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = _("I understand this cannot be undone after %(date)s")
        self.fields["sure"].label = said % {"date": formats.date_format(day)}
