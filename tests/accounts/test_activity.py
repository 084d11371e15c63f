"""People see what happened to their account, in sentences; and nobody else's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from accounts import panels
from accounts.models import User
from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.support import papers
from tests.support.history import PAGE, entry, happens, newest, said, signed_in
from tests.support.pages import text_of
from tests.support.places_file import LEEDS, write
from tests.support.trail import of_ours, request_from
from tests.support.visitor import LOGIN, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(client: Visitor, alice: User) -> Visitor:
    """Alice's browser, signed in; the sign-in is the only thing that happened."""
    return signed_in(client)


# --- The vocabulary ------------------------------------------------------------------------------


@pytest.mark.parametrize("event", Event)
def test_every_event_has_a_sentence_or_is_deliberately_not_shown(event: Event) -> None:
    """Add it to the sentences of its room: accounts/activity/sentences.py, mfa/sentences.py."""
    rooms = [panel.sentences for panel in panels.every() if event in panel.sentences]
    assert len(rooms) == 1, "one room has a verdict on it"


FACTS: dict[str, Any] = {
    "devices": 3, "sessions": 2, "fields": ["name", "language"], "days": 7, "left": 4,
    "reason": "", "method": "password", "second": "app", "budget": "links", "cause": "common",
}  # fmt: skip


@pytest.mark.parametrize("bare", [False, True], ids=["its facts", "no facts"])
@pytest.mark.parametrize("event", Event)
def test_a_sentence_is_one_with_all_its_facts_and_with_none(event: Event, bare: bool) -> None:
    told = panels.sentences()[event.value]
    if told is None:
        return
    facts = {} if bare else {name: FACTS.get(name, "") for name in event.allowed}
    line = trail.Line(1, event.value, datetime.now(UTC), "a", "a", "r", facts)
    sentence = str(told.say(line))
    assert re.fullmatch(r"[A-Z].{5,90}[^.:]", sentence), sentence
    assert "%" not in sentence
    icons = (papers.ROOT / "static/img/icons.svg").read_text()
    assert f'id="{told.icon}"' in icons


# --- The list ------------------------------------------------------------------------------------


def test_a_sign_in_is_told_with_its_device_and_place(here: Visitor) -> None:
    assert "Today Signed in with a password" in said(here)
    assert "Firefox on Linux · 127.0.0.1" in said(here)


def test_where_the_operator_has_a_file_of_places_the_place_is_told(
    here: Visitor, alice: User, settings: Any, tmp_path: Path
) -> None:
    mine = happens(alice, Event.PASSWORD_CHANGED, actor=alice)
    settings.PLACES_DATABASE = write(tmp_path / "p.mmdb", {"203.0.113.0/24": LEEDS})
    assert "Firefox on Linux · Leeds, United Kingdom (approximate)" in said(here)
    page = text_of(entry(here, mine))
    assert "Place (approximate) Leeds, United Kingdom" in page
    assert "Network address 203.0.113.7" in page
    trail.forget_months_before(datetime.now(UTC) + timedelta(days=40))
    assert "Leeds, United Kingdom (approximate)" in said(here)


def test_only_ones_own_is_told_newest_first(here: Visitor, alice: User, bob: User) -> None:
    happens(bob, Event.PASSWORD_CHANGED, actor=bob)
    happens(bob, Event.STAFF_USER_CHANGED, actor=alice, fields=["name"], reason="of bob")
    happens(alice, Event.ADDRESS_CONFIRMED, actor=alice, label="spare@example.org")
    page = said(here)
    assert page.index("Confirmed the address spare@example.org") < page.index("Signed in")
    assert "password was" not in page and "of bob" not in page and "Changed the" not in page


def test_what_staff_did_is_told_with_the_reason_and_nothing_of_who(
    here: Visitor, alice: User, ada: User
) -> None:
    at_the_desk = request_from("198.51.100.9", "Edge on Windows")
    mine = happens(
        alice, Event.STAFF_USER_CHANGED, actor=ada, request=at_the_desk,
        fields=["name"], reason="Ticket <4411>",
    )  # fmt: skip
    happens(
        alice,
        Event.DEVICE_FORGOTTEN,
        actor=ada,
        request=at_the_desk,
        devices=2,
        reason="switched_off",
    )
    page = said(here)
    assert "Staff changed the account: full name" in page
    assert "By staff · Ticket <4411>" in page and page.count("By staff") == 2
    detail = entry(here, mine)
    assert "Who Staff" in text_of(detail) and "Reason given Ticket <4411>" in text_of(detail)
    for answer in (here.get(PAGE), detail):
        for hidden in (ada.subject_id, "ada", "198.51.100", "Edge on Windows"):
            assert hidden not in answer.content.decode()


def test_what_staff_only_asked_for_is_not_told(here: Visitor, alice: User, ada: User) -> None:
    asked = {"act": "remove", "approval": 1, "reason": "secret"}
    mine = happens(alice, Event.STAFF_APPROVAL_ASKED, actor=ada, **asked)
    assert "secret" not in said(here)
    assert entry(here, mine).status_code == 404


def test_whoever_is_forgotten_is_told_without_anything_personal(here: Visitor, alice: User) -> None:
    mine = happens(alice, Event.ADDRESS_REMOVED, actor=alice, label="old@example.org")
    trail.forget(alice.subject_id)
    page = said(here)
    assert "Removed an email address" in page and "Signed in with a password" in page
    assert "old@" not in page and "Firefox" not in page and "203.0.113" not in page
    assert "Firefox" not in text_of(entry(here, mine))


def test_a_row_that_does_not_open_is_told_bare(here: Visitor, alice: User) -> None:
    Entry.objects.bulk_create(of_ours(
        Entry(
            event=Event.SIGNED_IN.value, subject_id=alice.subject_id,
            personal_key=alice.subject_id, personal=b"not sealed at all", facts={"method": "passkey"},
        )
    ))  # fmt: skip
    assert "Signed in with a passkey" in said(here)
    assert entry(here, newest()).status_code == 200


def test_past_its_time_an_address_is_told_by_its_network(
    here: Visitor, alice: User, clock: Any, settings: Any
) -> None:
    happens(alice, Event.PASSWORD_CHANGED, actor=alice)
    trail.forget_months_before(datetime.now(UTC) + timedelta(days=40))
    assert "203.0.113.0/24" in said(here) and "203.0.113.7" not in said(here)


def test_what_is_older_than_the_days_that_are_stated_is_not_shown(
    alice: User, clock: Any, settings: Any
) -> None:
    settings.POLICY_ACTIVITY_DAYS = 30
    mine = happens(alice, Event.PASSWORD_CHANGED, actor=alice)
    clock.forward(days=31)
    browser = signed_in()
    page = said(browser)
    assert "happened to your account in the last 30 days." in page
    assert "Changed the password" not in page
    assert "Nothing in this period." in said(browser, show="changes")
    assert entry(browser, mine).status_code == 404


# --- One entry -----------------------------------------------------------------------------------


def test_an_entry_tells_all_that_is_kept_of_it(here: Visitor, alice: User) -> None:
    mine = happens(alice, Event.SIGNED_IN, actor=alice, method="password", second="app")
    page = text_of(entry(here, mine))
    for told in (
        "Signed in with a password",
        "How Password",
        "Second step Authenticator app",
        "Device Firefox on Linux",
        "Network address 203.0.113.7",
        "Reference 00ff00ff00ff00ff",
    ):
        assert told in page
    mine = happens(alice, Event.PASSWORD_CHANGED, actor=alice, sessions=3)
    assert "3 other devices were signed out" in text_of(entry(here, mine))


def test_what_is_not_ones_own_is_not_there(here: Visitor, alice: User, bob: User) -> None:
    of_bob = happens(bob, Event.SIGNED_IN, actor=bob)
    by_me = happens(bob, Event.STAFF_USER_CHANGED, actor=alice, fields=["name"], reason="ticket")
    of_nobody = happens(None, Event.SIGN_IN_FAILED, reason="unknown_account", label="x")  # type: ignore[arg-type]
    quiet = happens(alice, Event.PASSWORD_HASH_UPGRADED)
    for id in (of_bob, by_me, of_nobody, quiet, newest() + 1, 0, 2**63 - 1, 2**63, 10**40):
        assert entry(here, id).status_code == 404, id


def test_nobody_signed_in_sees_nothing(client: Visitor, alice: User) -> None:
    mine = happens(alice, Event.SIGNED_IN, actor=alice)
    for path in (PAGE, f"{PAGE}{mine}/"):
        answer = client.get(path)
        assert answer.status_code == 302 and answer["Location"].startswith(LOGIN)


def test_it_is_in_the_menu(here: Visitor) -> None:
    page = here.get("/accounts/").content.decode()
    assert f'href="{reverse("account_activity")}"' in page
    current = re.search(r'<a[^>]*aria-current="page"[^>]*>', entry(here, newest()).content.decode())
    assert current and PAGE in current.group()
