"""The filters and pages of what happened, however much it was, and whatever is asked."""

from __future__ import annotations

import re
from typing import Any

import pytest

from accounts.activity.told import Kind
from accounts.models import User
from audit.events import Event
from audit.models import Entry
from tests.support.history import PAGE, entry, happens, newest, said, signed_in
from tests.support.pages import text_of
from tests.support.trail import of_ours, request_from
from tests.support.visitor import LOGIN, Visitor

pytestmark = pytest.mark.django_db

HOSTILE = [
    "x" * 8192,
    "two\nlines\r\nmore\u2028and more",
    "<script>alert(1)</script><b>bold",
    "\u202egnp.exe \u2066abc",
    "Z" + "\u0301" * 10_000,
    "=HYPERLINK(1)",
    "half \ud800 pair",
]


@pytest.fixture
def here(client: Visitor, alice: User) -> Visitor:
    """Alice's browser, signed in; the sign-in is the only thing that happened."""
    return signed_in(client)


def test_filters_show_their_own_kind_and_no_other(here: Visitor, alice: User) -> None:
    happens(alice, Event.SIGN_IN_FAILED, reason="wrong_password")
    happens(alice, Event.PASSWORD_CHANGED, actor=alice)
    happens(alice, Event.MAIL_DEAD)
    sentences = {
        "sign-ins": "Signed in with a password",
        "failed": "Failed to sign in: wrong password",
        "changes": "Changed the password",
        "": "An email to you could not be delivered",
    }
    for show, own in sentences.items():
        page = said(here, show=show)
        assert own in page
        assert [other for other in sentences.values() if other in page] == [own] or not show


def test_a_page_has_fifty_and_leads_on_until_there_is_no_more(here: Visitor, alice: User) -> None:
    for number in range(120):
        happens(alice, Event.ADDRESS_ADDED, actor=alice, label=f"number{number:03}@example.org")
    seen: list[str] = []
    where, pages = f"{PAGE}?show=changes", 0
    while where:
        answer = here.get(where).content.decode()
        seen += re.findall(r"number(\d{3})@", answer)
        found = re.search(r'href="([^"]*before=\d+)"', answer)
        where = found.group(1).replace("&amp;", "&") if found else ""
        pages += 1
    assert pages == 3
    assert seen == [f"{number:03}" for number in reversed(range(120))]


def test_a_page_that_is_just_full_is_the_last(here: Visitor, alice: User) -> None:
    for _ in range(50):
        happens(alice, Event.ADDRESS_ADDED, actor=alice)
    assert "before=" not in here.get(PAGE, {"show": "changes"}).content.decode()
    assert "before=" in here.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"before": nonsense}
        for nonsense in ("", "x", "-1", "0x1", "1e3", "9" * 19, "9" * 400, "٣", "1\0", "1 OR 1=1")
    ]
    + [{"show": nonsense} for nonsense in ("everything", "Sign-ins", "<b>", "\0", "x" * 9000)],
)
def test_nonsense_in_the_address_is_a_page(here: Visitor, asked: dict[str, str]) -> None:
    answer = here.get(PAGE, asked)
    assert answer.status_code == 200
    if "before" not in asked or not asked["before"].startswith("999"):
        assert "Signed in with a password" in text_of(answer)


@pytest.mark.parametrize("show", ["", *(kind.value for kind in Kind if kind.value)])
def test_ten_thousand_entries_cost_what_ten_do(
    here: Visitor, alice: User, show: str, django_assert_max_num_queries: Any
) -> None:
    failed = {"event": Event.SIGN_IN_FAILED.value, "subject_id": alice.subject_id}
    failures = (Entry(**failed, personal_key=alice.subject_id) for _ in range(10_000))
    Entry.objects.bulk_create(of_ours(*failures))
    with django_assert_max_num_queries(5):
        assert here.get(PAGE, {"show": show}).status_code == 200
    with django_assert_max_num_queries(5):
        assert entry(here, newest()).status_code == 200


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_texts_are_shown_as_texts(here: Visitor, alice: User, typed: str) -> None:
    browser = Visitor(headers={"user-agent": typed.encode("utf-8", "replace").decode("latin-1")})
    browser.post(LOGIN, {"login": "alice", "password": "not hers at all"})
    device = request_from(device=typed)
    mine = happens(alice, Event.ADDRESS_REMOVED, actor=alice, label=typed, request=device)
    for answer in (here.get(PAGE), entry(here, mine)):
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "<script>alert" not in page and "<b>bold" not in page
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028]", page)
        assert len(page) < 30_000
