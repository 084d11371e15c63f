"""What staff change of a person, each field drawn only where the flow lets it through."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import staff_grants
from accounts.desk import ReasonForm
from accounts.zone_field import ZoneField


class PersonForm(forms.ModelForm):
    """`seen` is the state of the account that the page showed: somebody else may have switched the
    person off meanwhile, and a form that is older must not switch them on again."""

    staff_until = staff_grants.LastDayField()
    language = forms.ChoiceField(choices=settings.LANGUAGES, label=_("Language"))
    time_zone = ZoneField(label=_("Time zone"))
    reason = ReasonForm.base_fields["reason"]
    seen = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        labels = {
            "is_superuser": _("Superuser"),
            "last_login": _("Last signed in"),
            "user_permissions": _("Permissions besides"),
        }
        help_texts = {
            "is_active": _("Whoever is switched off cannot sign in."),
            "is_staff": _(
                "May open these pages, and see and do what their roles and permissions say. Without"
                " the tick these go too."
            ),
            "is_superuser": _("May do everything, to everybody."),
            "groups": _("Whoever has a role has all of its permissions."),
            "user_permissions": _("What this person may do besides."),
        }
        field_classes = {
            "groups": staff_grants.RolesField,
            "user_permissions": staff_grants.ActsField,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "time_zone" in self.fields:
            cast(ZoneField, self.fields["time_zone"]).offer(self.instance.time_zone)
        self.initial["staff_until"] = staff_grants.last_day(self.instance.staff_until)
        self.initial["seen"] = self.instance.credentials_version

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("seen") != self.instance.credentials_version:
            raise forms.ValidationError(
                _("This account was changed while you had it open. Open it again to see how it is.")
            )
        return self.cleaned_data
