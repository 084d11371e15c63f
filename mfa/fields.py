"""Form fields of this room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.fields import PLAIN, TextField, refuse_unreadable
from mfa.devices import recovery_codes


class RecoveryCodeField(forms.CharField):
    """F-rec: a recovery code, as its sixteen letters."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = PLAIN | {
            "autocomplete": "one-time-code",
            "inputmode": "text",
            "dir": "ltr",
        }
        kwargs.setdefault("label", _("Recovery code"))
        super().__init__(
            help_text=_("Looks like k7pd-92mw-x4tq-h8rc. The dashes and capitals do not matter."),
            widget=forms.TextInput(attrs=attrs),
            **kwargs,
        )
        self.error_messages["required"] = _("Enter the code")

    def to_python(self, value: Any) -> str:
        """What cannot be a code is told so before anything is looked up: it costs no try."""
        text = super().to_python(value) or ""
        refuse_unreadable(text, 128)
        code = recovery_codes.normalise(text)
        if text and not code:
            raise ValidationError(
                _("A recovery code has %(length)d letters and digits"),
                code="shape",
                params={"length": recovery_codes.GROUPS * recovery_codes.GROUP},
            )
        return code


class DeviceNameField(TextField):
    """What its owner calls a second step; printable, in any script."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Name"))
        super().__init__(
            attrs={"autocomplete": "off", "spellcheck": "false"},
            length=64,
            empty=_("Enter a name"),
            **kwargs,
        )
