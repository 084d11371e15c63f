"""What people say of themselves once they are in."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.fields import AddressField
from accounts.name_fields import NameField, UsernameField
from accounts.unsent import KeptForm
from accounts.zone_field import ZoneField


class AddressForm(KeptForm):
    """A3: another address for this person."""

    kept = ("email",)

    email = AddressField(autocomplete="email")


class UsernameForm(KeptForm):
    """Another username."""

    kept = ("username",)

    username = UsernameField(
        label=_("New username"),
        help_text=_(
            "At least 3 characters: letters a to z, digits, dots, dashes and underscores, with a letter"
            " or digit first and last."
        ),
    )


class ProfileForm(KeptForm):
    """A2."""

    kept = ("name", "display_name", "language", "time_zone", "appearance")

    name = NameField()
    display_name = NameField(
        autocomplete="nickname",
        label=_("Display name"),
        help_text=_("What we call you on these pages and in emails. Empty, we use your full name."),
    )
    language = forms.ChoiceField(label=_("Language"))
    time_zone = ZoneField(label=_("Time zone"))
    appearance = forms.ChoiceField(
        label=_("Appearance"),
        choices=[("", _("System")), ("light", _("Light")), ("dark", _("Dark"))],
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, *args: Any, time_zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["language"]).choices = settings.LANGUAGES
        cast(ZoneField, self.fields["time_zone"]).offer(time_zone)
