"""Telephone numbers: from what people type to the one spelling under which a number is kept (E.164),
and what is shown of it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib import resources, util

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

# Between these marks the groups of a number keep their order in a sentence of either direction.
EXAMPLE, EXAMPLE_ABROAD = "\u2066+44 7700 900123\u2069", "\u2066+33 6 12 34 56 78\u2069"
NOT_A_NUMBER = format_lazy(
    _("Enter a mobile number with its country code, like {number}."), number=EXAMPLE
)
NOT_SERVED = _("We cannot text numbers in %(country)s. Use an authenticator app.")
# Twice the longest number with a space or bracket beside each digit.
LONGEST_TYPED = 64
# Where mobile and fixed numbers look alike, as in North America, nobody can tell before sending.
GET_TEXTS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_TYPED = re.compile(r"\(?\+? ?[0-9(][0-9 ()./-]*")


def parse(typed: str) -> str:
    """The number in E.164, like +447400123456. Digits of any script, spaces, dots, brackets, dashes
    and a leading 00 are what people type; contacts are copied with invisible marks around them.

    Raises ValidationError with a sentence for the person: for what is no number, has no country
    code (TEXT_REGION is the country of those), cannot get texts, or lies where we send none.
    """
    try:
        number = phonenumbers.parse(_plain(typed), settings.TEXT_REGION or None)
    except NumberParseException:
        raise ValidationError(NOT_A_NUMBER, code="number") from None
    # SECURITY: premium and shared-cost numbers earn their holder money with each text.
    if phonenumbers.number_type(number) not in GET_TEXTS:  # also of what is no number
        raise ValidationError(NOT_A_NUMBER, code="number")
    country = _country(number)
    if not is_served(country):
        raise ValidationError(
            NOT_SERVED, code="country", params={"country": lazy_country_name(country)}
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country_of(e164: str) -> str:
    """The ISO code of the country or territory that a number of ours belongs to."""
    return _country(phonenumbers.parse(e164))


def is_served(country: str) -> bool:
    """Whether the operator sends texts there."""
    return not settings.TEXT_COUNTRIES or country in settings.TEXT_COUNTRIES


def masked(e164: str) -> str:
    """Like "+44 •••• ••0123": the same dots for every number, so that they do not tell its length."""
    code, end = _ends(e164)
    return f"+{code} •••• ••{end}"


def last_two(e164: str) -> str:
    """For "the number ending {last2}"."""
    return e164[-2:]


def _ends(e164: str) -> tuple[int, str]:
    """The country code, and the last four digits; two where four would be most of the number."""
    number = phonenumbers.parse(e164)
    own = phonenumbers.national_significant_number(number)
    return number.country_code or 0, own[-4:] if len(own) > 6 else own[-2:]


def _plain(typed: str) -> str:
    """`typed` with ASCII digits and signs; raises ValidationError for what no number is made of."""
    if len(typed) <= LONGEST_TYPED:
        # Contacts of phones put U+202A … U+202C around what is copied.
        shown = "".join(sign for sign in typed if unicodedata.category(sign) != "Cf")
        text = "".join(map(_ascii, unicodedata.normalize("NFKC", shown))).strip()
        if _TYPED.fullmatch(text):
            return "+" + text[2:] if text.startswith("00") else text
    raise ValidationError(NOT_A_NUMBER, code="number")


def _ascii(sign: str) -> str:
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    return {"Pd": "-", "Zs": " "}.get(category, sign)


def _country(number: PhoneNumber) -> str:
    return phonenumbers.region_code_for_number(number) or ""


# --- What countries are called --------------------------------------------------------------------


def country_name(country: str) -> str:
    """In the language that is active, else in English; the code where there is no name."""
    language = (get_language() or "en").partition("-")[0]
    return _names(language).get(country, country)


lazy_country_name = lazy(country_name, str)


@lru_cache(maxsize=8)
def _names(language: str) -> dict[str, str]:
    """The names that come with phonenumbers. Read from their file alone: their package beside it
    holds the area codes of the world, and would cost 100 MB."""
    name = "phonenumbers.geodata.locale"
    file = resources.files("phonenumbers") / "geodata" / "locale.py"
    spec = util.spec_from_file_location(name, str(file))
    if spec is None or spec.loader is None:
        return {}
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {region: _name(names, language) for region, names in module.LOCALE_DATA.items()}


def _name(names: dict[str, str], language: str) -> str:
    """A star leads to the language that has the same name."""
    name = names.get(language) or names["en"]
    return names[name[1:]] if name.startswith("*") else name
