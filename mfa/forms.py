"""The forms of second steps: shape only."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.fields import CodeField, DigitCodeField
from accounts.unsent import KeptForm
from mfa.fields import DeviceNameField, RecoveryCodeField

# An attestation that nobody asked for has some kilobytes.
LONGEST_ANSWER = 32_768


class SecondStepForm(forms.Form):
    """P6: the box that lets this browser be, where the operator allows it (`trust_days`)."""

    trust = forms.BooleanField(required=False)

    def __init__(self, *args: Any, trust_days: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not trust_days:
            del self.fields["trust"]
            return
        self.fields["trust"].label = ngettext(
            "Do not ask again on this device for %(days)d day",
            "Do not ask again on this device for %(days)d days",
            trust_days,
        ) % {"days": trust_days}


class AppCodeForm(SecondStepForm):
    """P6: the code of the app."""

    code = DigitCodeField()


class RecoveryCodeForm(SecondStepForm):
    """P7. Whoever needs one is asked again next time."""

    code = RecoveryCodeField()

    def __init__(self, *args: Any, trust_days: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class MailedCodeForm(SecondStepForm):
    """P6: the code of an email."""

    code = CodeField()


class AddAppForm(KeptForm):
    """A7: the first code of an app, and what it is called."""

    kept = ("name",)

    code = DigitCodeField()
    name = DeviceNameField(label=_("Name for this app"), required=False)

    def clean_name(self) -> str:
        return self.cleaned_data["name"] or str(_("Authenticator"))


class SavedForm(forms.Form):
    """A8: the box that says that the codes are saved; staff type one of them back."""

    saved = forms.BooleanField(
        label=_("I have saved these codes"),
        help_text=_("We will not show them again. Two-step sign-in turns on when you finish."),
        error_messages={"required": _("Tick the box once you have saved the codes.")},
    )
    code = RecoveryCodeField(label=_("Type one of the codes back"))

    def __init__(self, *args: Any, codes: list[str], asks_one: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = {code.replace("-", "") for code in codes}
        del self.fields["saved" if asks_one else "code"]
        if asks_one:  # not a secret to be filled in: it stands beside the field
            self.fields["code"].widget.attrs["autocomplete"] = "off"

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if code not in self.codes:
            raise forms.ValidationError(_("That is none of the codes shown here."))
        return code


class PasskeyForm(SecondStepForm):
    """What the script posts: which ceremony this is, and what the authenticator said."""

    code = forms.CharField(widget=forms.HiddenInput, strip=False, required=False)

    def clean_code(self) -> dict[str, Any]:
        typed: str = self.cleaned_data["code"]
        try:
            answer = json.loads(typed) if len(typed) <= LONGEST_ANSWER else None
        except (ValueError, RecursionError):
            answer = None
        if not (
            isinstance(answer, dict)
            and isinstance(answer.get("ceremony"), str)
            and isinstance(answer.get("credential"), dict)
        ):
            raise forms.ValidationError(
                _("That answer cannot be read. Try again, or use another way."), code="unreadable"
            )
        return answer


class RenameForm(KeptForm):
    """A9: another name for a passkey."""

    kept = ("name",)

    name = DeviceNameField()
