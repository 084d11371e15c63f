"""Every page outside of the desk as it is sent: its fields, its errors, its words, its ways on. How it
looks and is used: tests/journeys/test_every_page.py."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.site.test_pseudolocale import plain_words, pseudo_locale
from tests.support import furnished
from tests.support.elements import Elements
from tests.support.every_page import every_page, switch_all_on

__all__ = ["pseudo_locale"]
pytestmark = pytest.mark.django_db

PLAIN = {"autocapitalize": "none", "spellcheck": "false"}
PASSWORD = PLAIN | {"type": "password"}
CODE = PLAIN | {"type": "text", "autocomplete": "one-time-code"}
# What browsers, password managers and phones go by, for each field by its name.
ATTRIBUTES: dict[str, dict[str, str]] = {
    "login": PLAIN | {"type": "text"},
    "username": PLAIN | {"type": "text", "autocomplete": "username"},
    "account": {"type": "text", "autocomplete": "username", "readonly": "", "tabindex": "-1"},
    "email": PLAIN | {"type": "email"},
    "password": PASSWORD | {"autocomplete": "current-password"},
    "oldpassword": PASSWORD | {"autocomplete": "current-password"},
    "password1": PASSWORD | {"autocomplete": "new-password", "minlength": "15"},
    "password2": PASSWORD | {"autocomplete": "new-password", "minlength": "15"},
    # A former password, a code of the app or one of the recovery codes.
    "proof": PASSWORD | {"autocomplete": "current-password"},
    "code": CODE,
    "number": {"type": "tel", "inputmode": "tel", "autocomplete": "tel", "dir": "ltr"},
    "display_name": {"autocomplete": "nickname", "spellcheck": "false"},
}
SECRETS = {"password", "oldpassword", "password1", "password2", "proof"}
TYPED = {"email": "sam@", "number": "12", "reference": "?", "username": "-", "name": "x" * 151}
SAID = re.compile(r'<div class="problem" id="(\w+)_error">(.*?)</div>', re.DOTALL)
IN_SUMMARY = re.compile(r'<li><a href="#(\w+)">(.*?)</a></li>', re.DOTALL)


@pytest.fixture
def user(settings: Any) -> Any:
    switch_all_on(settings)
    return furnished.furnished("sam")


def forms_of(page: str) -> list[Elements]:
    return [Elements(form) for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL)]


def fields_of(form: Elements) -> list[dict[str, str]]:
    """Those that somebody sees; the trap for programs is none of them."""
    fields = form.of("input", "select", "textarea")
    return [one for one in fields if one.get("type") != "hidden" and one["name"] != "website"]


def is_code(field: dict[str, str]) -> bool:
    return field.get("autocomplete") == "one-time-code"


def test_every_field_has_a_label_and_what_managers_and_phones_look_for(user):
    met = set()
    for path, browser in every_page(user):
        page = browser.get(path).content.decode()
        labels = {label.get("for") for label in Elements(page).of("label")}
        for form in forms_of(page):
            fields = fields_of(form)
            for field in fields:
                name = field["name"]
                met.add(name)
                assert field.get("id") in labels or field.get("aria-label"), (path, field)
                wanted = ATTRIBUTES.get(name, {}).items()
                assert wanted <= field.items(), (path, field, wanted - field.items())
                assert "onpaste" not in field and "maxlength" not in field, (path, field)
                assert not is_code(field) or field.get("inputmode") in ("numeric", "text"), path
            if SECRETS & {field["name"] for field in fields}:
                names = [one for one in fields if "username" in one.get("autocomplete", "")]
                assert len(names) == 1, path  # whose password a manager is to keep
    assert ATTRIBUTES.keys() <= met


def test_each_error_is_said_at_its_field_and_in_the_summary_in_the_same_words(user):
    met = 0
    for path, browser in every_page(user):
        for form in forms_of(browser.get(path).content.decode()):
            fields = [one for one in fields_of(form) if "required" in one]
            if not fields:
                continue
            where = form.of("form")[0].get("action") or path
            empty = {one["name"]: "" for one in fields if one.get("type") != "checkbox"}
            empty |= {
                one["name"]: one.get("value", "")
                for one in form.of("input")
                if one.get("type") == "hidden"
            }
            typed = {one["name"]: TYPED.get(one["name"], "1") for one in fields if is_code(one)}
            typed |= {one["name"]: TYPED[one["name"]] for one in fields if one["name"] in TYPED}
            for filled in (empty, empty | typed):
                answer = browser.post(where, filled)
                page = answer.content.decode()
                assert answer.status_code == 200, (path, filled)
                assert re.search(r"<title>\s*Error: ", page), (path, filled)
                summary = [(to, unescape(says)) for to, says in IN_SUMMARY.findall(page)]
                told = [
                    (field, unescape(re.sub(r"<[^>]+>", "", one).removeprefix("Error: ")))
                    for field, problem in SAID.findall(page)
                    for one in re.findall(r"<p>(.*?)</p>", problem, re.DOTALL)
                ]
                assert summary and summary == told, (path, filled)
                marked = {
                    one["id"]
                    for one in Elements(page).of("input")
                    if one.get("aria-invalid") == "true"
                }
                assert marked == {field for field, _ in told}, (path, filled)
                met += 1
    assert met > 40


# Names of people, of mailboxes and of things. What is in no language stands apart, left to right.
NAMES = {"Sam", "sam", "ned", "eve", "new", "help", "spare", "waiting", "example", "org"}
NAMES |= {"Firefox", "Linux", "iCloud", "Keychain", "UTC"}
LEFT_TO_RIGHT = re.compile(r'<(\w+)\b[^>]*\bdir="ltr"[^>]*>.*?</\1>', re.DOTALL)


def test_every_page_speaks_the_language_it_is_asked_in_and_codes_stay_left_to_right(
    user, pseudo_locale
):
    for path, browser in every_page(user):
        browser.cookies["language"] = "ar-xb"
        page = browser.get(path).content.decode()
        browser.cookies["language"] = "en"
        assert '<html lang="ar-xb" dir="rtl">' in page, path
        page = page.replace('dir="rtl"', "", 1)
        assert plain_words(LEFT_TO_RIGHT.sub("", page), *NAMES) == set(), path


# Where somebody is asked to prove something, and what else each page offers, of which one is enough.
CHALLENGES = {
    "/accounts/login/": ["/accounts/password/reset/"],
    "/accounts/login/code/confirm/": ["/accounts/login/code/"],
    "/accounts/unlock/code/": ["/accounts/unlock/"],
    "/accounts/password/reset/text/code/": ["/accounts/password/reset/"],
    "/accounts/reauthenticate/": ["/accounts/mfa/reauthenticate/"],
    "/accounts/mfa/reauthenticate/": [
        "/accounts/mfa/reauthenticate/?",
        "/accounts/reauthenticate/",
    ],
    # Of whoever has nothing else to prove it with.
    "/accounts/mfa/reauthenticate/?method=mailbox": ["/help/"],
    "/accounts/mfa/authenticate/": ["/accounts/mfa/authenticate/?choose=1", "/accounts/mfa/help/"],
    "/accounts/mfa/help/": ["/accounts/mfa/recovery/"],
    "/accounts/mfa/recovery/code/": ["/accounts/mfa/recovery/"],
}


def test_help_stands_in_one_place_and_a_challenge_has_another_way(user):
    met = set()
    for path, browser in every_page(user):
        page = browser.get(path).content.decode()
        assert '<footer class="foot"><a href="/help/">' in page, path
        asked = path if path in CHALLENGES else path.partition("?")[0]
        met.add(asked)
        ways = tuple(CHALLENGES.get(asked, ["/"]))
        assert any(link.startswith(ways) for link in re.findall(r'href="([^"]*)"', page)), path
    assert CHALLENGES.keys() <= met
