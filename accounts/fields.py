"""Form fields with the exact attributes that browsers, managers and screen readers rely on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.flows import proofs, sent_codes
from accounts.texts import numbers
from accounts.validators import ADDRESS_LENGTH, normalise_address

# A sentence with a figure, put together in the reader's language when it is shown.
late = lazy(lambda sentence, **figures: str(sentence) % figures, str)

WRONG_CODE = _("That code is not right. Check it and try again, or get a new one.")
PLAIN = {"autocapitalize": "none", "spellcheck": "false"}
IDENTIFIER_LENGTH = 254
# A password is hashed whole; this bound is against mistakes and floods, and is never a cut.
PASSWORD_INPUT_LENGTH = 1024


def refuse_unreadable(text: str, length: int, shown: int | None = None) -> None:
    """Raise ValidationError for what is too long or could not be decoded; nothing is ever cut."""
    if len(text) > length:
        raise ValidationError(
            _now("Must be %(max)d characters or fewer") % {"max": shown or length}, code="long"
        )
    if "\ufffd" in text:
        raise ValidationError(
            _now("This has a character in it that could not be read. Type it again."),
            code="unreadable",
        )


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the fields of a POST, even when there are none; nothing otherwise."""
    return request.POST if request.method == "POST" else None


class TextField(forms.CharField):
    """A line of text. Its widget has no `maxlength`: browsers would cut what is pasted, in silence;
    the server says what is too long instead."""

    def __init__(
        self, *, attrs: dict[str, str], length: int, empty: Any = "", **kwargs: Any
    ) -> None:
        self.length = length
        widget = kwargs.pop("widget", forms.TextInput)
        super().__init__(widget=widget(attrs=attrs), **kwargs)
        self.error_messages["required"] = empty

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        refuse_unreadable(text, self.length)
        if not text.isprintable():
            raise ValidationError(
                _now("This has an invisible character in it. Type it again."), code="invisible"
            )
        return text


class IdentifierField(TextField):
    """F-ident. Kept as it was typed but for spaces around it; the look-up normalises."""

    def __init__(self, *, autocomplete: str, **kwargs: Any) -> None:
        attrs = PLAIN | {"autocomplete": autocomplete}
        kwargs.setdefault("label", _("Email address or username"))
        super().__init__(
            attrs=attrs,
            length=IDENTIFIER_LENGTH,
            empty=_("Enter your email address or username"),
            **kwargs,
        )


class AddressField(TextField):
    """F-email: one address in its one spelling."""

    def __init__(self, *, autocomplete: str, **kwargs: Any) -> None:
        attrs = PLAIN | {"autocomplete": autocomplete}
        kwargs.setdefault("label", _("Email address"))
        super().__init__(
            attrs=attrs,
            length=4 * ADDRESS_LENGTH,
            widget=forms.EmailInput,
            empty=_("Enter your email address"),
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        text = forms.CharField.to_python(self, value) or ""
        refuse_unreadable(text, 4 * ADDRESS_LENGTH, shown=ADDRESS_LENGTH)
        return normalise_address(text) if text else ""


class TermsField(forms.BooleanField):
    """The box that agrees to the operator's terms; the site may have none (settings.TERMS)."""

    def __init__(self) -> None:
        super().__init__(label=lazy(self._label, str)())
        self.error_messages["required"] = _("Agree to the terms to create an account")

    @staticmethod
    def _label() -> str:
        sentence = _now(
            'I agree to the <a href="{terms}">terms</a> and have read the'
            ' <a href="{privacy}">privacy notice</a>'
        )
        return format_html(sentence, terms=reverse("terms"), privacy=reverse("privacy"))


class PasswordField(forms.CharField):
    """A password exactly as it was typed: not trimmed, not normalised, not cut (ASVS 6.2.8)."""

    def __init__(self, *, autocomplete: str, empty: Any, **kwargs: Any) -> None:
        attrs = PLAIN | {"autocomplete": autocomplete}
        super().__init__(
            widget=forms.PasswordInput(attrs=attrs, render_value=False), strip=False, **kwargs
        )
        self.error_messages["required"] = empty
        # NUL is refused by CharField for the database's sake; a password never gets there.
        self.validators = []

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        refuse_unreadable(text, PASSWORD_INPUT_LENGTH, shown=settings.POLICY_PASSWORD_MAX)
        return text


class CurrentPasswordField(PasswordField):
    """F-pass."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("empty", _("Enter your password"))
        super().__init__(autocomplete="current-password", **kwargs)


class NewPasswordField(PasswordField):
    """F-new; `hint=False` for the field that repeats it."""

    def __init__(self, *, hint: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("empty", _("Enter a new password"))
        super().__init__(autocomplete="new-password", **kwargs)
        self.widget.attrs["minlength"] = str(settings.POLICY_PASSWORD_MIN)
        if hint:
            self.help_text = late(
                _(
                    "At least %(min)d characters. Three or four unrelated words work well. Spaces"
                    " are fine."
                ),
                min=settings.POLICY_PASSWORD_MIN,
            )


class NumberField(forms.CharField):
    """F-tel: a mobile number in its one spelling (E.164), which we send texts to."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = PLAIN | {"inputmode": "tel", "autocomplete": "tel", "dir": "ltr"}
        kwargs.setdefault("label", _("Mobile number"))
        super().__init__(widget=forms.TextInput(attrs=attrs), help_text=_number_hint(), **kwargs)
        self.widget.input_type = "tel"
        self.error_messages["required"] = _("Enter your mobile number")
        # NUL is refused with the words for every other character that is in no number.
        self.validators = []

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return numbers.parse(text) if text else ""


def _hint() -> str:
    if not settings.TEXT_REGION:
        hint = _now("Include the country code, for example %(number)s.")
        return hint % {"number": numbers.EXAMPLE_ABROAD}
    hint = _now("Include the country code for numbers outside %(country)s, for example %(number)s.")
    country = numbers.country_name(settings.TEXT_REGION)
    return hint % {"country": country, "number": numbers.EXAMPLE_ABROAD}


_number_hint = lazy(_hint, str)


class CodeField(forms.CharField):
    """A mailed code: one input, any case, with or without its dash."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = PLAIN | {
            "autocomplete": "one-time-code",
            "inputmode": "text",
            "dir": "ltr",
            "data-code": "letters",
        }
        super().__init__(
            label=_("Code from the email"),
            help_text=_("Eight letters, like KFWP-RXTZ. The dash and capitals do not matter."),
            widget=forms.TextInput(attrs=attrs),
            **kwargs,
        )
        self.error_messages["required"] = _("Enter the code")

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        refuse_unreadable(text, 64)
        return text

    def validate(self, value: str) -> None:
        """What cannot be a code is told so before anything is looked up: it costs no try, and says
        nothing of anybody."""
        super().validate(value)
        if proofs.normalise_code(value):
            return
        if sum(letter.isalpha() for letter in value) == proofs.CODE_LENGTH:
            raise ValidationError(WRONG_CODE)
        raise ValidationError(
            _("The code is %(length)d letters long"),
            code="shape",
            params={"length": proofs.CODE_LENGTH},
        )


class DigitCodeField(forms.CharField):
    """F-otp: the code of an authenticator app or a text message, as six ASCII digits. It takes what
    people paste (spaces, dashes, digits of other scripts), so there is no `maxlength` or `pattern`."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = PLAIN | {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "dir": "ltr",
            "data-code": "digits",
        }
        kwargs.setdefault("label", late(_("%(length)d-digit code"), length=sent_codes.DIGITS))
        super().__init__(widget=forms.TextInput(attrs=attrs), **kwargs)
        self.error_messages["required"] = _("Enter the code")

    def to_python(self, value: Any) -> str:
        """What cannot be a code is told so before anything is looked up: it costs no try."""
        text = super().to_python(value) or ""
        code = sent_codes.normalise_digits(text)
        if text and not code:
            raise ValidationError(
                _("The code is %(length)d digits long"),
                code="shape",
                params={"length": sent_codes.DIGITS},
            )
        return code


def too_soon(seconds: int) -> str:
    """Why no further code was sent."""
    return ngettext(
        "You can ask for another code in %(seconds)d second.",
        "You can ask for another code in %(seconds)d seconds.",
        seconds,
    ) % {"seconds": seconds}
