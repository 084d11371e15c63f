"""Another username: seldom, behind a fresh proof; the old one is held for whose it was. On SQLite and
PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.flows import username_change, usernames
from accounts.models import FormerUsername, Session, User
from accounts.serialize import user_to_dict
from audit import trail
from audit.events import Event
from tests.support import cast
from tests.support.pages import errors_of, text_of
from tests.support.race import race
from tests.support.stored import columns
from tests.support.usernames import PAGE, PROFILE, at_home, signs_in, take
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = "/accounts/login/"
# Another of their own devices was quicker.
CONFLICTS = ("409 Your account has changed meanwhile",)


@pytest.fixture
def left(alice: User) -> User:
    """Alice, who was called `alice` and is `quiet-lark` now."""
    assert take("quiet-lark", at_home()) == "302 /accounts/profile/"
    alice.refresh_from_db()
    return alice


# --- the change -----------------------------------------------------------------------------------


def test_the_new_name_signs_in_and_the_old_one_does_not(left):
    assert left.username == "quiet-lark"
    assert signs_in("quiet-lark") and signs_in("Quiet-Lark") and signs_in("alice@example.org")
    assert not signs_in("alice")
    answer = Visitor().post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert "The email address, username or password is not right." in errors_of(answer)


def test_it_is_said_and_every_address_is_told(alice, mailbox):
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    EmailAddress.objects.create(user=alice, email="not-yet@example.org", verified=False)
    browser = at_home()
    take("quiet-lark", browser)
    page = text_of(browser.get(PROFILE))
    assert "Your username is quiet-lark now." in page
    for address in ("alice@example.org", "spare@example.org"):
        letter = mailbox.latest(address)
        assert letter.subject == "Your username for Northgate was changed"
        assert "is now quiet-lark. Before, it was alice." in " ".join(letter.text.split())
        assert browser.get(letter.link).status_code == 200 and letter.link == "/accounts/rescue/"
    assert mailbox.kinds("not-yet@example.org") == []


def test_the_trail_has_it_and_neither_name_lies_anywhere_in_clear(left):
    [entry] = trail.entries_of(left.subject_id, event=Event.USERNAME_CHANGED)
    assert (entry.facts, entry.label) == ({}, "quiet-lark")
    assert "Changed the username to quiet-lark" in text_of(
        at_home("quiet-lark").get("/accounts/activity/")
    )
    row = FormerUsername.objects.get()
    assert row.user == left and row.digest == usernames.digest("alice")
    kept = [one.text.replace("alice@example.org", "") for one in columns()]
    assert not [text for text in kept if "alice" in text]
    assert [text for text in kept if "quiet-lark" in text] == ["quiet-lark"]


def test_other_sessions_stay_and_reset_links_die(alice, mailbox):
    phone, laptop = at_home(), at_home()
    Visitor().post("/accounts/password/reset/", {"login": "alice"})
    link = mailbox.latest().link
    take("quiet-lark", laptop)
    assert phone.get(PROFILE).status_code == 200 and Session.objects.filter(user=alice).count() == 2
    assert "set-password" not in Visitor().get(link).get("Location", "")


@pytest.mark.parametrize(
    "typed",
    ["", "ab", "alice@example.org", "ålice", "a" * 81, "-alice", "a b", "admin", "\u202ealice",
     "al\0ice", "<b>x</b>", "x" * 9000, "аlice", "a\r\nb"],
)  # fmt: skip
def test_what_is_no_username_is_refused(alice, typed):
    browser = at_home()
    answer = browser.post(PAGE, {"username": typed})
    assert answer.status_code == 200 and errors_of(answer)
    assert User.objects.get().username == "alice" and not FormerUsername.objects.exists()


def test_ones_own_name_in_any_spelling_is_nothing_to_save(alice):
    browser = at_home()
    assert take(" ALICE ", browser) == "302 /accounts/profile/"
    assert "There was nothing to save." in text_of(browser.get(PROFILE))
    assert not FormerUsername.objects.exists()


def test_the_flow_asks_for_a_fresh_proof_itself_and_carries_on_after_it(alice, clock):
    browser = at_home()
    clock.forward(minutes=6)
    answer = browser.post(PAGE, {"username": "quiet-lark"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert User.objects.get().username == "alice"
    assert "You are about to change your username." in text_of(browser.get(answer["Location"]))
    browser.post(answer["Location"], {"password": cast.PASSWORD}, follow=True)
    assert User.objects.get().username == "quiet-lark"


def test_an_ended_session_changes_nothing(alice):
    browser = at_home()
    Session.objects.all().delete()
    assert browser.post(PAGE, {"username": "quiet-lark"}).status_code == 302
    assert User.objects.get().username == "alice"


# --- how often ------------------------------------------------------------------------------------


def test_it_is_changed_twice_in_thirty_days_and_then_again(alice, clock):
    for name in ("second-name", "alice"):
        assert take(name, at_home(User.objects.get().username)) == "302 /accounts/profile/"
    first = FormerUsername.objects.order_by("left_at").first().left_at
    browser = at_home()
    assert take("fourth-name", browser) == "302 /accounts/username/"
    page = text_of(browser.get(PAGE))
    at = (first + timedelta(days=30)).strftime("%-d %B %Y")
    assert f"You can change it again from {at}" in page
    assert User.objects.get().username == "alice"
    clock.forward(days=29, hours=23)
    assert "again from" in text_of(at_home().get(PAGE))
    clock.forward(hours=1, seconds=1)
    assert take("fourth-name", at_home()) == "302 /accounts/profile/"


def test_of_two_devices_at_the_limit_one_changes_it(alice, settings):
    settings.POLICY_USERNAME_CHANGES = 1
    browsers = [at_home() for _one in range(8)]
    told = race(lambda n: take(f"name-{n}-of-8", browsers[n]), 8)
    assert FormerUsername.objects.count() == 1
    assert told.count("302 /accounts/profile/") == 1
    assert User.objects.get().username.startswith("name-")
    assert set(told) <= {"302 /accounts/profile/", "302 /accounts/username/", *CONFLICTS}


# --- the page -------------------------------------------------------------------------------------


def test_the_page_costs_six_statements_at_most(left, django_assert_max_num_queries):
    FormerUsername.objects.bulk_create(
        FormerUsername(digest=f"{n:064}", user=left, left_at=timezone.now() - timedelta(days=60))
        for n in range(1000)
    )
    browser = at_home("quiet-lark")
    browser.get(PAGE)
    with django_assert_max_num_queries(6):
        browser.get(PAGE)


def test_the_profile_leads_to_it(alice):
    page = at_home().get(PROFILE).content.decode()
    assert f'href="{PAGE}"' in page and "display_name" in user_to_dict(alice)


def test_signed_out_it_is_not_there():
    assert Visitor().post(PAGE, {"username": "x"})["Location"].startswith(LOGIN)
    assert username_change.again_at(User(pk=1)) is None
