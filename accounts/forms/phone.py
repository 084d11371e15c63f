"""The forms of a telephone number: shape only."""

from __future__ import annotations

from django import forms

from accounts.fields import DigitCodeField, NumberField
from accounts.unsent import KeptForm


class NumberForm(KeptForm):
    """A number that codes are to be sent to."""

    kept = ("number",)

    number = NumberField()


class TextedCodeForm(forms.Form):
    """The six digits of a text."""

    code = DigitCodeField()
