"""Every letter, text and HTML, as its reader gets it."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from accounts import panels
from accounts.outbox.letters import Happening
from tests.support.letter_case import HAPPENED, TABLE, Case
from tests.support.letter_cases import CASES, CODE, KEY, make
from tests.support.letter_opened import Page, flat, opened


@pytest.fixture(params=CASES)
def the_case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_every_letter_the_site_has_is_looked_at_here():
    drawn = {
        folder.name
        for folder in (settings.BASE_DIR / "templates/mail").iterdir()
        if folder.is_dir()
    }
    assert {make(one).kind for one in CASES.values()} == drawn


def test_both_parts_tell_the_same_facts(the_case):
    letter = opened(make(the_case))
    for fact in ("Hello Sam Smith,", "sam@example.org", settings.SITE_HOST, *the_case.facts):
        assert fact in flat(letter.text)
        assert fact in letter.seen


def test_what_the_html_says_the_text_says_too(the_case):
    letter = opened(make(the_case))
    told = flat(letter.text)
    page = re.sub(
        r'<div style="display:none.*?</div>|<style>.*?</style>|<title>.*?</title>',
        "",
        letter.html,
        flags=re.S,
    )
    page = re.sub(r"</?bdi>", "", page)
    for sentence in re.findall(r"<p[^>]*>([^<>]+)</p>", page):
        assert flat(sentence) in told


def test_the_page_it_sends_everybody_to_is_in_the_menu(the_case):
    letter = opened(make(the_case))
    named = re.findall(r"yourself and choose ([\w -]+)\.", flat(letter.text))
    # The page that the letter is about; whoever may have no account is sent to none of one.
    fits = {
        "address_changed": "Email addresses",
        "address_taken": "Email addresses",
        "password_changed": "Password",
        "reset_password": "Password",
        "username_changed": "Profile",
        "new_device": "Devices",
        "failed_tries": "Activity",
        "export_ready": "Your data",
        **dict.fromkeys(
            (
                *("two_step", "factor_changed", "passkey_stopped", "second_step_failed"),
                *("recovery_codes_made", "recovery_code_used"),
            ),
            "Two-step sign-in",
        ),
    }
    page = fits.get(make(the_case).kind)
    assert named == ([page] if page else [])
    assert set(named) <= {str(entry.label) for entry in panels.menu()}
    assert "You can always go to testserver yourself" in letter.seen


def test_a_link_that_staff_sent_is_not_said_to_be_asked_for():
    for part in (letter := opened(make(CASES["reset_by_staff"]))).text, letter.seen:
        assert "probably you" not in part
        assert "did not ask" not in part


def test_at_most_one_link_and_it_leads_to_this_site(the_case):
    letter = opened(make(the_case))
    wanted = [settings.SITE_URL + the_case.link] if the_case.link else []
    assert re.findall(r"\S*://\S+", letter.text) == wanted
    assert Page(letter.html).hrefs == wanted
    assert (
        re.findall(r"[^\s\">]*://[^\s\"<]+", letter.html) == wanted * 2
    )  # the button, and in full
    assert "www." not in letter.html + letter.text


def test_nothing_is_loaded_from_anywhere(the_case):
    page = Page(opened(make(the_case)).html)
    assert not {"img", "link", "script", "iframe", "form", "input", "object", "base"} & set(
        page.tags
    )
    assert not {"src", "srcset", "background", "action"} & {name for name, _ in page.attributes}
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "url(" not in opened(make(the_case)).html
    assert "@import" not in opened(make(the_case)).html


def test_no_subject_and_no_preview_holds_a_code(the_case):
    """They show on locked screens (NIST SP 800-63B 3.1.3.1)."""
    letter = opened(make(the_case))
    preview = re.search(r'<div style="display:none[^>]*>(.*?)</div>', letter.html, re.S)
    assert preview
    for shown in (letter.message["Subject"], preview.group(1)):
        assert CODE not in shown
        assert CODE.replace("-", "") not in shown
        assert "/" not in shown


def test_every_preview_says_something_of_its_own(the_case):
    """Left empty, mail programs fill it with the greeting."""
    shown = re.search(r'<div style="display:none[^>]*>(.*?)</div>', opened(make(the_case)).html)
    assert shown and re.fullmatch(r"[^<>{}]+\.", shown.group(1))


def test_each_deed_has_a_subject_of_its_own():
    """A row of subjects alone tells an owner what an intruder did, and in which order."""
    same = {
        "confirm_code": "second_step_code",
        "recovery_code": "second_step_code",
        "reset_by_staff": "reset_password",
        "password_set": "password_changed",
        "password_reset": "password_changed",
        "password_reset_by_text": "password_changed",
        "with_undo": "password_changed",
        "deletion_set_old_address": "deletion_set",
        "second_step_failed": "failed_tries",
        "second_step_failed_at_reset": "failed_tries",
        "second_step_failed_inside": "failed_tries_inside",
        "switched_off_bare": "switched_off",
        "two_step_by_app": "two_step",
        "recovery_ready": "recovery_waits",
        "approval_done": "approval_given",
    }
    subjects = {name: make(one).subject for name, one in CASES.items()}
    for name, like in same.items():
        assert subjects.pop(name) == subjects[like]
    assert len(set(subjects.values())) == len(subjects)


def test_no_sentence_is_left_hanging(the_case):
    letter = opened(make(the_case))
    assert not re.search(r"<p[^>]*>\s*</p>|<ul[^>]*>\s*</ul>", letter.html)
    body = flat(letter.text.partition("---")[0])
    assert not re.search(r" [.,;:]|[.,;:]{2}|[;:,]$", body)
    assert not re.search(r"[;,]\s*(\r?\n){2}", letter.text.partition(",")[2])


def test_the_form_is_multipart_alternative_with_fixed_headers(the_case):
    letter = make(the_case, subject_id="abc")
    message = opened(letter).message
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Northgate <no-reply@testserver>"
    assert message["Reply-To"] == "help@example.org"
    assert message["To"] == "sam@example.org"
    assert re.fullmatch(r"<[0-9a-f]{32}@testserver>", message["Message-ID"])
    assert message["Message-ID"] == letter.message_id
    assert message["Date"].endswith("+0000")
    assert "List-Unsubscribe" not in message
    assert letter.raw.isascii()
    assert b"\n" not in letter.raw.replace(b"\r\n", b"")
    assert max(map(len, letter.raw.split(b"\r\n"))) <= 998  # RFC 5322 2.1.1


def test_language_and_direction_are_set(the_case):
    letter = opened(make(the_case))
    assert '<html lang="en" dir="ltr">' in letter.html
    assert letter.message["Content-Language"] == "en"


def test_right_to_left_letters_mirror_but_codes_and_links_do_not(settings):
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    letter = opened(make(CASES["confirm_address"], language="ar"))
    assert '<html lang="ar" dir="rtl">' in letter.html
    assert "text-align:right" in letter.html
    assert "text-align:left" not in letter.html
    for kept in (CODE, KEY):
        assert re.search(rf'dir="ltr"[^>]*>[^<]*{re.escape(kept)}', letter.html)


def test_names_and_addresses_keep_their_own_direction(settings, the_case):
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    letter = opened(make(the_case, language="ar"))
    named = the_case.arguments.get("named")
    for fact in filter(None, ("Sam Smith", "sam@example.org", settings.SITE_HOST, named)):
        assert f"<bdi>{fact}</bdi>" in letter.html
        assert f"\u2068{fact}\u2069" in flat(letter.text)
    assert "<bdi><bdi>" not in letter.html
    # What is copied from a letter has nothing invisible in it.
    assert not re.search(r"[\u2066-\u2069][^\u2069\n]*(://|KFWP)", letter.text)
    assert not re.search(r"[\u2066-\u2069]", letter.message["Subject"])
    assert not re.search(r"[\u2066-\u2069]", opened(make(the_case)).text)


@pytest.mark.parametrize("language", ["", "xx", "en\r\nX: y", "q" * 5000])
def test_a_language_we_do_not_have_is_answered_in_ours(language):
    assert opened(make(CASES["no_account"], language=language)).message["Content-Language"] == "en"


def test_each_letter_is_a_message_of_its_own():
    first, second = make(CASES["no_account"]), make(CASES["no_account"])
    assert first.message_id != second.message_id


def test_times_are_in_the_readers_zone_and_an_unknown_zone_is_utc():
    assert HAPPENED.when() == TABLE[0]
    for zone in ("Mars/Olympus", "", "../../etc/passwd", "x" * 5000, "\x00"):
        assert Happening(at=HAPPENED.at, time_zone=zone).when() == "23 November 2026, 09:14 (UTC)"


def test_a_place_is_called_a_place_and_an_address_an_address():
    assert Happening(at=HAPPENED.at, place="2001:db8::1").place_label() == "Network address"
    assert Happening(at=HAPPENED.at, place="Leeds").place_label() == "Place (approximate)"


def test_a_happening_reads_the_request_in_the_readers_terms(rf, alice):
    request = rf.get(
        "/",
        headers={
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        },
    )
    request.client_ip = "203.0.113.7"
    alice.time_zone = "Europe/London"
    happened = Happening.of(request, how="Password", user=alice)
    assert happened.device == "Firefox on Linux"
    assert (happened.place, happened.how, happened.time_zone) == (
        "203.0.113.7",
        "Password",
        "Europe/London",
    )


def test_without_support_address_nobody_is_sent_to_one(settings, the_case):
    settings.SUPPORT_EMAIL = ""
    letter = opened(make(the_case))
    assert "Reply-To" not in letter.message
    assert "Write to" not in letter.text
    assert "write to" not in letter.text


def test_text_lines_fold_at_words_and_links_stay_whole(the_case):
    for line in opened(make(the_case)).text.splitlines():
        assert len(line) <= 72 or "://" in line
