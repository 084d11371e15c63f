"""The right-to-left test language, and with it: every page speaks the language it is asked in."""

from __future__ import annotations

import gettext
import io
import re

import pytest
from django.utils.translation import override

from accounts.management.commands import auth_pseudolocale as pseudolocale
from accounts.rendering import site
from tests.support.elements import Elements


@pytest.fixture
def pseudo_locale(settings, tmp_path):
    """The site in the pseudo-locale, made anew."""
    folder = tmp_path / "ar_XB" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    entries = pseudolocale.catalogue(pseudolocale.all_messages())
    (folder / "django.mo").write_bytes(pseudolocale.compiled(entries))
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [("en", "English"), ("ar-xb", "Pseudo")]


def test_the_pseudo_locale_reads_back_as_gettext_reads_it():
    messages = [
        pseudolocale.Message("Sign in"),
        pseudolocale.Message("%(n)s day", "%(n)s days"),
        pseudolocale.Message("May", context="month"),
    ]
    entries = pseudolocale.catalogue(messages)
    read = gettext.GNUTranslations(io.BytesIO(pseudolocale.compiled(entries)))
    assert read.gettext("Sign in") == "\u202eŠîĝñ îñ\u202c"
    assert read.ngettext("%(n)s day", "%(n)s days", 1) == "%(n)s \u202eðåý\u202c"
    assert read.ngettext("%(n)s day", "%(n)s days", 3) == "%(n)s \u202eðåýš\u202c"
    assert read.pgettext("month", "May") == "\u202eṀåý\u202c"


@pytest.mark.parametrize(
    "text",
    [
        "%(email)s is confirmed.",
        "100%% sure, %d of %s",
        "in {time}.",
        "<strong>{x}</strong> &amp; y",
    ],
)
def test_placeholders_and_markup_survive(text):
    kept = re.findall(r"%\(\w+\)s|%%|%[ds]|\{\w*\}|</?\w+>|&\w+;", text)
    turned = pseudolocale.pseudo(text)
    assert re.findall(r"%\(\w+\)s|%%|%[ds]|\{\w*\}|</?\w+>|&\w+;", turned) == kept
    assert turned.count("\u202e") == turned.count("\u202c")


def test_strings_of_code_templates_and_plurals_are_found():
    found = pseudolocale.all_messages()
    assert pseudolocale.Message("Enter your password") in found  # Python
    assert pseudolocale.Message("Forgotten your password?") in found  # template
    assert any(message.plural.startswith("You can try again in") for message in found)
    source = 'from x import pgettext\npgettext("menu", "Open")\n_("a" "b")\nother("c")'
    assert set(pseudolocale.messages_of_python(source)) == {
        pseudolocale.Message("Open", context="menu"),
        pseudolocale.Message("ab"),
    }


ENTRY = ["login", "signup", "password/reset", "logout"]
SIGNED_IN = ["", "profile", "email", "password/change"]


def plain_words(page: str, *names: str) -> set[str]:
    """Words in plain Latin letters that a person would see or hear, but for names."""
    page = re.sub(r"<(script|style|option)\b.*?</\1>|<bdi>.*?</bdi>", "", page, flags=re.DOTALL)
    elements = Elements(page)
    labels = [attributes.get("aria-label", "") for _, attributes in elements.tags]
    words = set(re.findall(r"[A-Za-z]{2,}", " ".join([*elements.words, *labels])))
    return words - {"Northgate", "testserver", "English", *names}


@pytest.mark.django_db
def test_every_page_speaks_the_language_it_is_asked_in(client, alice, pseudo_locale):
    client.cookies["language"] = "ar-xb"
    for path in [f"/accounts/{name}/" for name in ENTRY] + ["/help/", "/privacy/", "/nowhere/"]:
        page = client.get(path, follow=True).content.decode()
        assert '<html lang="ar-xb" dir="rtl">' in page
        assert plain_words(page, "help", "example", "org") == set(), path
    client.force_login(alice, backend="accounts.backends.OneHashBackend")
    for path in [f"/accounts/{name}/".replace("//", "/") for name in SIGNED_IN]:
        page = client.get(path).content.decode()
        assert 'dir="rtl"' in page
        assert plain_words(page, "Alice", "Adams", "alice", "example", "org") == set(), path


@pytest.mark.django_db
def test_errors_speak_it_too(client, pseudo_locale):
    client.cookies["language"] = "ar-xb"
    for path in ("login", "signup", "password/reset"):
        page = client.post(f"/accounts/{path}/", {"email": "sam@"}).content.decode()
        assert 'role="alert"' in page
        assert plain_words(page) == set(), path


def test_the_frame_is_drawn_once_for_each_language(rf, pseudo_locale):
    first, second = (site(rf.get("/accounts/"))["frame"] for _ in range(2))
    english = first["foot"]
    assert "Help" in english and second["foot"] is english
    with override("ar-xb"):
        assert "Help" not in first["foot"]
    assert first["foot"] is english
