"""What strangers typed, in letters: shown where it is harmless, left out where it would speak."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from django.conf import settings

from accounts.outbox import letters
from accounts.outbox.cleaning import name_for_greeting, one_line, prose
from tests.support.letter_case import Case
from tests.support.letter_cases import CASES, READER, make
from tests.support.letter_opened import Page, flat, opened


@pytest.fixture(params=CASES)
def the_case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


HOSTILE_MARKUP = '<script>alert(1)</script>"><b onmouseover=x>'


def test_a_name_with_markup_is_left_out(the_case):
    letter = opened(make(the_case, name=HOSTILE_MARKUP))
    assert "script" not in Page(letter.html).tags
    assert "alert" not in letter.html + letter.text
    assert letter.text.startswith("Hello,")


def test_a_reason_with_markup_is_shown_and_not_obeyed():
    letter = opened(letters.staff_changed(**READER, action="Done.", reason=HOSTILE_MARKUP))
    assert "script" not in Page(letter.html).tags
    assert "b" not in Page(letter.html).tags
    assert HOSTILE_MARKUP in letter.seen
    assert HOSTILE_MARKUP in flat(letter.text)
    assert "&lt;" not in letter.text


@pytest.mark.parametrize(
    "name",
    [
        "see https://evil.example now",
        "www.evil.example",
        "you@evil.example",
        "free money at evil.example",
        "ｗｗｗ．evil",
        "ht\u200btp\u200b://evil",
        "evil\u2024example",
        "evil.com",
        "e.evil",
        "J.R.evil",
        "evil\u3002com",
        "evil\uff61com",
        "evil\uff0ecom",
        "evil\u0589com",
        "call +44 20 7946 0000 evil",
        "\u202emoc.live",
        "you won, evil",
        "You won! evil",
        "you have won a free evil holiday",
        "evil" * 20,
        "{{ evil }}{% now %}",
        "\x1b[31mevil",
        "evil_name",
        "- evil",
        "1evil",
    ],
)
def test_what_is_not_plainly_a_name_is_left_out(name):
    letter = opened(make(CASES["confirm_address"], name=name))
    assert letter.text.startswith("Hello,")
    for said in (letter.html, letter.text):
        assert "evil" not in said and "live" not in said


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Sam", "Sam"),
        ("Anna-Lena O'Neill", "Anna-Lena O'Neill"),
        ("Siân O’Neill", "Siân O’Neill"),
        ("María del Carmen García López", "María del Carmen García López"),
        ("Hans van ’t Hoff", "Hans van ’t Hoff"),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("J.R.R. Tolkien", "J.R.R. Tolkien"),
        ("Sammy Davis Jr.", "Sammy Davis Jr."),
        ("सुनीता", "सुनीता"),
        ("ジャン・ポール", "ジャン・ポール"),
        ("李小龍", "李小龍"),
        ("ليلى", "ليلى"),
        ("  two\r\n\tlines  ", "two lines"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("x" * 60, "x" * 60),
        ("\ud800lone", "lone"),
    ],
)
def test_names_are_greeted_as_people_write_them(name, greeted):
    assert name_for_greeting(name) == greeted
    assert opened(make(CASES["no_account"], name=name)).text.startswith(f"Hello {greeted},")


@pytest.mark.parametrize(
    "site_name",
    [
        "Foo, Inc. <x@evil.example>",
        'A "B" C',
        "Café Ünï",
        "two\r\nBcc: x@evil.example",
        "\u202eevil",
    ],
)
def test_any_site_name_makes_whole_headers(settings, site_name):
    settings.SITE_NAME = site_name
    settings.DEFAULT_FROM_EMAIL = f"{site_name} <no-reply@testserver>"
    for one in CASES.values():
        letter = make(one)
        message = opened(letter).message
        assert [address.addr_spec for address in message["From"].addresses] == [
            "no-reply@testserver"
        ]
        assert "Bcc" not in message
        assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in letter.subject)
        assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in message["Subject"])


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/",
        "//evil.example/",
        "https://testserver.evil.example/",
        "https://testserver@evil.example/",
        "http://testserver/",
        "javascript:alert(1)",
        "/with space",
        "/line\r\nbreak",
    ],
)
def test_a_link_elsewhere_is_refused(link):
    with pytest.raises(ValueError, match="SITE_URL"):
        letters.address_taken(**READER, link=link)


def test_staff_prose_carries_no_link():
    letter = opened(
        letters.staff_changed(
            **READER,
            action="An address was removed.",
            reason="see hthttp://tp://evil.example/x\r\nand wwwww.w.éhttp://evil.example <b>now</b>",
        )
    )
    assert "see evil.example/x and éevil.example <b>now</b>" in letter.seen
    assert "://" not in letter.text
    assert "<b>" not in letter.html


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\u2028b", "a\x00b", "a\u00a0b", " a  b "])
def test_one_line_is_one_line(text):
    assert one_line(text) == "a b"


def test_cutting_happens_after_cleaning():
    assert one_line("\u200b" * 100 + "end", 10) == ""
    assert prose("http://" * 3 + "x", 100) == "x"


def test_templates_never_switch_escaping_off():
    for template in Path(settings.BASE_DIR, "templates/mail").rglob("*"):
        if template.is_file():
            assert not re.search(r"\bsafe\b|autoescape", template.read_text()), template
