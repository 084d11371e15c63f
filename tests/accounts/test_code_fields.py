"""Six digits, typed and pasted in every way; what cannot be a code is told so and costs nothing."""

from __future__ import annotations

import pytest
from django import forms

from accounts.fields import DigitCodeField
from accounts.flows import proofs
from accounts.flows.sent_codes import EMAIL, TEXT, normalise

SHAPE = ["The code is 6 digits long"]
SAME = [
    "482913", " 482 913 ", "482-913", "482.913", "4 8 2 9 1 3", "482\u2013913", "482\u00a0913",
    "\uff14\uff18\uff12\uff19\uff11\uff13", "\uff14\uff18\uff12\u3000\uff19\uff11\uff13",
    "\u0664\u0668\u0662\u0669\u0661\u0663", "\u06f4\u06f8\u06f2 \u06f9\u06f1\u06f3",
    "\u096a\u096e\u0968\u096f\u0967\u0969", "\t482913\n",
]  # fmt: skip
WORSE = [
    "+12345", "-12345x", "1e5", "1_2345", "12_345", "0x1234", "12345", "1234567", "1" * 60,
    "1" * 10_000, "12345\x00", "\x00482913", "\u202e482913", "482\u200b913", "482\u2066913\u2069",
    "\u2460" * 6, "\u00b9\u00b2\u00b3\u00b9\u00b2\u00b3", "\U0001f522" * 6, "482,913",
    "4\ufe0f8\ufe0f2\ufe0f913", "482/913",
    "\u0bf0" * 6, "\u4e00" * 6, "\u2168" * 6, "abcdef", "<b>482913</b>", "--------", ".",
    "\ud800" * 6,
]  # fmt: skip


class Form(forms.Form):
    code = DigitCodeField()


@pytest.mark.parametrize("typed", SAME)
def test_what_people_type_is_the_code(typed):
    form = Form({"code": typed})
    assert form.is_valid() and form.cleaned_data["code"] == "482913"


@pytest.mark.parametrize("typed", WORSE)
def test_what_is_no_code_is_told_so(typed):
    form = Form({"code": typed})
    assert not form.is_valid() and form.errors["code"] == SHAPE
    assert normalise(TEXT, typed) == ""


@pytest.mark.parametrize("typed", ["", "   ", None])
def test_nothing_is_asked_for(typed):
    assert Form({"code": typed}).errors["code"] == ["Enter the code"]


def test_the_field_has_what_phones_and_managers_look_for():
    drawn = str(Form()["code"])
    for attribute in (
        'type="text"',
        'inputmode="numeric"',
        'autocomplete="one-time-code"',
        'autocapitalize="none"',
        'spellcheck="false"',
    ):
        assert attribute in drawn
    assert "maxlength" not in drawn and "pattern" not in drawn
    assert Form()["code"].label == "6-digit code"


def test_a_mailed_code_is_read_as_ever():
    assert normalise(EMAIL, "kfwp 7xrt") == ""  # a seven is no letter
    assert normalise(EMAIL, " kfwp-rxtz ") == proofs.normalise_code("KFWPRXTZ") == "KFWPRXTZ"
