"""What a text says: the code, whose it is, and the line that binds it; in one segment."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.texts import messages, segments
from tests.support.stored import columns

TO, CODE = "+447400123456", "482913"


def says(**different: str) -> str:
    facts = {"to": TO, "code": CODE, "language": "en"} | different
    return messages.code(**facts, expires_at=timezone.now() + timedelta(minutes=10)).raw.decode()


def test_it_says_the_code_and_whose_it_is_and_ends_in_the_line_that_binds_it():
    assert says() == ("482913 is your Northgate code. Never share it.\n\n@testserver #482913")


def test_there_is_no_link(settings):
    settings.SITE_URL = "https://id.example.org:8443"
    settings.SITE_NAME = "https://evil.example/ www.Northgate"
    text = says()
    assert "://" not in text and "www." not in text
    assert text.splitlines()[-1] == "@id.example.org #482913"  # as browsers compare it


def test_a_host_in_another_script_is_written_as_browsers_compare_it(settings):
    settings.SITE_URL = "https://bücher.example"
    assert says().splitlines()[-1] == "@xn--bcher-kva.example #482913"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Northgate", "Northgate"),
        (
            "Société générale d'électricité",
            "Société générale d'électricité",
        ),  # é is in the alphabet
        ("A" * 60, None),
        ("North\r\ngate [beta]", "North gate [beta]"),
        ("Škoda", "Škoda"),  # one letter outside the alphabet leaves 70 signs
        ("Škoda Österreich und Ungarn", None),
        ("Университет", None),
        ("京都大学", "京都大学"),
        ("🏔️ Northgate Mountain Rescue Association of the North", None),
        ("Х" * 300, None),
        ("", ""),
        (" \u202e ", ""),
        ("%(code)s %s {name}", "%(code)s %s {name}"),
    ],
)
@pytest.mark.parametrize("host", ["id.example.org", "accounts.northgate-university.example.ac.uk"])
def test_it_is_one_segment_whatever_the_site_is_called(settings, name, shown, host):
    settings.SITE_NAME, settings.SITE_URL = name, f"https://{host}"
    text = says()
    assert segments.count(text) == 1
    assert text.startswith(CODE) and text.endswith(f"\n\n@{host} #{CODE}")
    assert "\ufffd" not in text and "  " not in text
    if shown is not None and host == "id.example.org":
        assert f"is your {shown} code." in text if shown else "is your code." in text


def test_a_long_name_loses_words_before_it_loses_letters(settings):
    settings.SITE_URL = "https://" + "a" * 60 + ".example.org"
    settings.SITE_NAME = "The Northern Agency for Mountains and Rescue"
    text = says()
    assert segments.count(text) == 1
    found = re.search(r"is your (.*) code\.", text)
    assert found and settings.SITE_NAME.startswith(found[1] + " ")


def test_where_no_name_fits_the_code_comes_without(settings):
    settings.SITE_URL = "https://" + "a" * 60 + "." + "b" * 38 + ".example.org"
    assert says().startswith("482913 is your code. Never share it.")
    assert segments.count(says()) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3),
        ("€" * 80, 1), ("€" * 80 + "a", 2), ("[" * 81, 2),
        ("š" + "a" * 69, 1), ("š" + "a" * 70, 2), ("š" * 134, 2), ("š" * 135, 3),
        ("`" + "a" * 70, 2),  # an apostrophe that is in no telephone's alphabet
        ("🏔" * 35, 1), ("🏔" * 36, 2),
    ],
)  # fmt: skip
def test_segments_are_counted_as_networks_count_them(text, count):
    assert segments.count(text) == count


def test_the_language_is_the_readers(settings):
    settings.LANGUAGES = [("en", "English"), ("ar-xb", "Pseudo")]
    assert says(language="xx") == says(language="") == says()


@pytest.mark.django_db
def test_what_lies_in_the_outbox_names_neither_number_nor_code():
    row = messages.code(
        to=TO, code=CODE, language="en", expires_at=timezone.now() + timedelta(minutes=10)
    ).put()
    assert (row.channel, row.letter, row.state) == ("text", "code", "waiting")
    for kept in columns():
        assert CODE not in kept.text and TO[3:] not in kept.text, kept.where
