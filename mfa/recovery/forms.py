"""The form of the slow lane: shape only."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.fields import CurrentPasswordField, IdentifierField


class ProveForm(forms.Form):
    """Who it is, and the password."""

    login = IdentifierField(autocomplete="username")
    password = CurrentPasswordField(label=_("Password"))
