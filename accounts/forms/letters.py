"""Whether a letter is ours."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.fields import PLAIN, AddressField, refuse_unreadable
from accounts.outbox import references


class ReferenceField(forms.CharField):
    """The reference at the end of a letter, any case, with or without its dash."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Reference"),
            help_text=_(
                "At the end of the email, like ABCDE-FGHJK. The dash and capitals do not matter."
            ),
            widget=forms.TextInput(attrs=PLAIN | {"autocomplete": "off", "dir": "ltr"}),
            **kwargs,
        )
        self.error_messages["required"] = _("Enter the reference")

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        refuse_unreadable(text, references.LONGEST)
        if text and not references.normalise(text):
            raise ValidationError(
                _("A reference has ten letters and digits, like ABCDE-FGHJK"), code="shape"
            )
        return text


class CheckForm(forms.Form):
    reference = ReferenceField()
    email = AddressField(autocomplete="email", label=_("Address it came to"))

    def pair(self) -> dict[str, str]:
        return {"reference": self.cleaned_data["reference"], "address": self.cleaned_data["email"]}
