"""What people are called, as fields: the name that signs them in, and the names others read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.fields import IDENTIFIER_LENGTH, PLAIN, TextField, refuse_unreadable
from accounts.validators import (
    NAME_LENGTH,
    normalise_name,
    normalise_username,
    validate_name,
    validate_username,
)


class UsernameField(TextField):
    """A username to be taken."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = PLAIN | {"autocomplete": "username"}
        kwargs.setdefault("label", _("Username"))
        super().__init__(
            attrs=attrs,
            length=IDENTIFIER_LENGTH,
            empty=_("Enter a username"),
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        username = normalise_username(super().to_python(value))
        if username:
            validate_username(username)
        return username


class NameField(TextField):
    """F-name, and what else somebody is called: any script, optional."""

    def __init__(self, *, autocomplete: str = "name", **kwargs: Any) -> None:
        attrs = {"autocomplete": autocomplete, "spellcheck": "false"}
        kwargs.setdefault("label", _("Full name"))
        super().__init__(attrs=attrs, length=NAME_LENGTH, required=False, **kwargs)

    def to_python(self, value: Any) -> str:
        text = forms.CharField.to_python(self, value) or ""
        refuse_unreadable(text, self.length)
        validate_name(name := normalise_name(text))
        return name
