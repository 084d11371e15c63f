"""The forms of a telephone number: shape only."""

from __future__ import annotations

from django import forms

from accounts.fields import DigitCodeField, NumberField


class NumberForm(forms.Form):
    """A number that codes are to be sent to."""

    number = NumberField()


class TextedCodeForm(forms.Form):
    """The six digits of a text."""

    code = DigitCodeField()
