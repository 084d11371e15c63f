"""Numbers as people type them, in one spelling; and everything else with a sentence and no error."""

from __future__ import annotations

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.fields import NumberField
from accounts.texts import numbers
from tests.support.elements import Elements

GB = "+447400123456"
WORDS = "Enter a mobile number with its country code, like \u2066+44 7700 900123\u2069."


@pytest.fixture(autouse=True)
def everywhere(settings):
    settings.TEXT_REGION, settings.TEXT_COUNTRIES = "", []


def refusal_of(typed: str) -> str:
    with pytest.raises(ValidationError) as caught:
        numbers.parse(typed)
    return caught.value.messages[0]


@pytest.mark.parametrize(
    "typed",
    [
        GB,
        "+44 7400 123456",
        "+44.7400.123.456",
        "+44-7400–123456",
        "(+44) 7400 123456",
        "+ 44 7400 123456",
        "+44 (0)7400 123456",
        "00447400123456",
        "0044 7400 123 456",
        "\u202a+44 7400 123456\u202c",
        "\ufeff+44\u00a07400\u2009123456\u200b",
        "＋４４　７４００　１２３４５６",
        "+٤٤٧٤٠٠١٢٣٤٥٦",
        "+४४ ७४०० १२३४५६",
        "  +44 7400 123456\t",
    ],
)
def test_a_number_is_taken_as_people_type_it(typed):
    assert numbers.parse(typed.strip("\t")) == GB


def test_without_a_country_code_it_is_of_the_operators_country_if_there_is_one(settings):
    assert refusal_of("07400 123456") == WORDS
    settings.TEXT_REGION = "GB"
    assert numbers.parse("07400 123456") == GB
    assert numbers.parse("0033 6 12 34 56 78") == "+33612345678"
    settings.TEXT_REGION = "US"
    assert numbers.parse("(202) 555-0123") == "+12025550123"
    assert numbers.parse("011 44 7400 123456") == numbers.parse("00447400123456") == GB


@pytest.mark.parametrize(
    "typed",
    [
        "+390612345678",  # a desk in Rome
        "+441534123456",
        "+19005551212",  # premium
        "+449012345678",
        "+448712345678",  # shared cost
        "+18005551212",  # free for the caller
        "+447000123456",  # follows its holder about, at a price
        "+882123456789",  # of no country
    ],
    ids=[
        "fixed",
        "fixed on an island",
        "premium",
        "premium too",
        "shared",
        "free",
        "personal",
        "no",
    ],
)
def test_only_numbers_that_get_texts_are_taken(typed):
    assert refusal_of(typed) == WORDS


@pytest.mark.parametrize("region", ["", "GB", "US", "DE"])
@pytest.mark.parametrize(
    "short", ["112", "999", "911", "110", "60070", "+44112", "1", "0", "00", "+"]
)
def test_short_numbers_are_refused(settings, region, short):
    settings.TEXT_REGION = region
    assert refusal_of(short) == WORDS


HOSTILE = [
    "", " ", "9" * 10_000, "+" * 10_000, " " * 10_000, "+44" + " " * 70 + "7400123456",
    "📱📱📱", "+44\x007400123456", GB + "\x00", "\x00", "\u202e" + "\u202e" * 70, "+44\n7400123456",
    "+12345", "-447400123456", "++447400123456", "+44+7400123456", "1-800-FLOWERS", GB + " x12",
    GB + ";ext=12", "tel:" + GB, GB + ";phone-context=+44", "+447400123456,+447400123457", "½½½",
    "①②③", "+4474001234567890123", "<script>", "' OR 1=1 --", "\ud800", "\ufffd",
]  # fmt: skip


@pytest.mark.parametrize("region", ["", "GB"])
@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_number_is_told_so(settings, region, typed):
    settings.TEXT_REGION = region
    assert refusal_of(typed) == WORDS


@given(st.one_of(st.text(max_size=80), st.from_regex(r"\+?[0-9 ().-]{1,40}", fullmatch=True)))
def test_whatever_is_typed_ends_in_a_number_or_a_sentence(typed):
    try:
        number = numbers.parse(typed)
    except ValidationError as error:
        assert error.messages == [WORDS]
    else:
        assert numbers.parse(number) == number
        assert len(number) <= 16 and number[1:].isdecimal() and number.isascii()


# --- Countries ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "country"),
    [(GB, "GB"), ("+447797712345", "JE"), ("+12025550123", "US"), ("+77011234567", "KZ")],
)
def test_a_number_belongs_to_one_country_though_others_share_its_code(number, country):
    assert numbers.country_of(number) == country


def test_where_the_operator_sends_nothing_the_person_reads_so_by_the_countrys_name(settings):
    settings.TEXT_COUNTRIES = ["GB", "FR"]
    assert numbers.parse(GB) == GB
    sentence = "We cannot text numbers in United States. Use an authenticator app."
    assert refusal_of("+12025550123") == sentence
    assert "Jersey" in refusal_of("+447797712345")  # the same code, and not the same price


def test_countries_are_called_as_in_the_readers_language():
    assert numbers.country_name("DE") == "Germany"
    with translation.override("de"):
        assert numbers.country_name("GB") == "Vereinigtes Königreich"
    assert numbers.country_name("TA") == "TA"  # where nobody wrote one down


def test_the_area_codes_of_the_world_stay_on_the_disk():
    import sys

    numbers.country_name("GB")
    assert "phonenumbers.geodata" not in sys.modules


# --- What is shown --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (GB, "+44 •••• ••3456"),
        ("+12025550123", "+1 •••• ••0123"),
        ("+2908001", "+290 •••• ••01"),  # four of five would be the number
    ],
)
def test_a_number_is_shown_by_its_country_and_its_end(number, shown):
    assert numbers.masked(number) == shown


def test_the_last_two_digits():
    assert numbers.last_two("+447400123409") == "09"


# --- The field ------------------------------------------------------------------------------------


class Number(forms.Form):
    number = NumberField()


def test_the_field_has_what_phones_and_browsers_ask_for(settings):
    drawn = Elements(str(Number()["number"])).of("input")[0]
    wanted = {"type": "tel", "inputmode": "tel", "autocomplete": "tel", "dir": "ltr"}
    assert wanted.items() <= drawn.items()
    assert "maxlength" not in drawn and "pattern" not in drawn
    assert Number()["number"].help_text == (
        "Include the country code, for example \u2066+33 6 12 34 56 78\u2069."
    )
    settings.TEXT_REGION = "GB"
    assert Number()["number"].help_text == (
        "Include the country code for numbers outside United Kingdom, for example"
        " \u2066+33 6 12 34 56 78\u2069."
    )


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_the_field_says_the_same(typed):
    form = Number({"number": typed})
    empty = not typed.strip()
    assert form.errors["number"] == ["Enter your mobile number" if empty else WORDS]


def test_the_field_gives_the_one_spelling():
    form = Number({"number": " 0044 (0)7400 123456 "})
    assert form.is_valid() and form.cleaned_data["number"] == GB
