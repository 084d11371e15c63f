"""A stranger renames the account, and its owner takes the name back by the letter's link. On SQLite and
PostgreSQL."""

from __future__ import annotations

import pytest

from accounts.flows import username_change, usernames
from accounts.models import FormerUsername, User
from accounts.undo.usernames import PART
from audit.models import Entry
from tests.support import cast, undoing
from tests.support.pages import text_of
from tests.support.race import outcome, race
from tests.support.undoing import (
    DONE,
    NEW,
    PASSWORD,
    UNDO,
    link_to,
    open_and_stop,
    put_back,
    sign_in,
)
from tests.support.usernames import PAGE, at_home, take
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)
OLD, THEIRS, AGAIN = "alice@example.org", "quiet-lark", "loud-lark"


@pytest.fixture
def intruder(owners, alice) -> Visitor:
    """Knows the password, came on a new device, and renamed the account."""
    browser = sign_in("alice")
    assert take(THEIRS, browser) == "302 /accounts/profile/"
    return browser


def name_of(user: User) -> str:
    user.refresh_from_db()
    return user.username


def test_the_owner_stops_it_and_signs_in_by_the_name_of_before(intruder, alice, mailbox):
    link = link_to(OLD, "username_changed")
    page = text_of(Visitor().get(link, follow=True))
    assert "The username of an account was changed." in page
    owner = open_and_stop(link)
    assert "A change of your username was stopped." in mailbox.latest(OLD).text
    assert intruder.get("/accounts/").status_code == 302
    owner.post(UNDO, {"proof": cast.PASSWORD})
    assert 'value="alice"' in owner.get(PASSWORD).content.decode()  # what a password manager keeps
    assert put_back(owner)["Location"] == DONE
    assert name_of(alice) == "alice"
    assert sign_in("alice", password=NEW).get("/accounts/").status_code == 200
    assert sign_in(THEIRS, password=NEW).get("/accounts/").status_code == 302
    assert Entry.objects.get(event="account.change_undone").facts["kinds"] == ["username"]
    assert Entry.objects.get(event="account.change_stopped").facts == {
        "kind": "username", "sessions": 1,
    }  # fmt: skip


def test_only_addresses_that_were_there_long_before_get_the_link(owners, alice, mailbox):
    browser = sign_in("alice")
    undoing.take_over_the_address(browser, "mallory@example.org")
    take(THEIRS, browser)
    told = [one for one in mailbox.all() if one.kind == "username_changed"]
    assert {one.to: "/accounts/undo/" in one.text for one in told} == {
        OLD: True, "mallory@example.org": False,
    }  # fmt: skip


def test_no_name_is_changed_while_a_change_is_stopped(intruder, owners, alice):
    open_and_stop(link_to(OLD, "username_changed"))
    sign_in(THEIRS, browser=owners)
    assert owners.post(PAGE, {"username": "alice"}).status_code == 409
    assert name_of(alice) == THEIRS


def test_what_a_stranger_called_them_is_nobodys_and_counts_for_nothing(intruder, alice, bob):
    take(AGAIN, intruder)
    put_back(open_and_stop(link_to(OLD, "username_changed")))
    assert name_of(alice) == "alice"
    assert username_change.again_at(alice) is None
    assert not FormerUsername.objects.filter(user=alice).exists()
    for name in (THEIRS, AGAIN, "alice"):
        assert usernames.is_taken(name, by=bob), name
    # Not even the owner is called again what a stranger chose.
    assert usernames.is_taken(THEIRS, by=alice)


def test_a_name_that_the_owner_left_before_stays_theirs_to_take_back(owners, alice, bob, clock):
    take("old-name", at_home())
    take("alice", at_home("old-name"))
    clock.forward(days=31)
    take("mine", at_home())
    undoing.long_here(alice)
    clock.forward(days=8)
    take("alice", at_home("mine"))
    put_back(open_and_stop(link_to(OLD, "username_changed")))
    assert name_of(alice) == "mine"
    assert usernames.is_taken("alice", by=bob) and not usernames.is_taken("alice", by=alice)
    assert username_change.again_at(alice) is None
    assert FormerUsername.objects.filter(user=alice).count() == 3


def test_a_name_that_somebody_else_has_by_now_stays_theirs(intruder, alice):
    """As after a key that digests were made under is gone (docs/usernames.md)."""
    owner = open_and_stop(link_to(OLD, "username_changed"))
    FormerUsername.objects.all().delete()
    User.objects.filter(pk=cast.person("late").pk).update(username="alice")
    assert put_back(owner)["Location"] == DONE
    assert name_of(alice) == THEIRS
    assert sign_in(OLD, password=NEW).get("/accounts/").status_code == 200


def test_a_name_that_is_held_for_somebody_else_by_now_is_not_taken_either(intruder, alice, bob):
    FormerUsername.objects.update(user=bob)
    alice.refresh_from_db()
    PART.put_back(alice, {"name": "alice", "newest_left": 0})
    assert name_of(alice) == THEIRS


def test_a_change_of_something_else_leaves_the_name(owners, alice):
    undoing.change_password(sign_in("alice"))
    put_back(open_and_stop(link_to(OLD, "password_changed")))
    assert name_of(alice) == "alice" and not FormerUsername.objects.exists()


def test_while_it_is_put_back_nobody_else_takes_the_name(intruder, alice):
    """Seven ask for `alice` while it becomes hers again: it is never free for them."""
    owner = open_and_stop(link_to(OLD, "username_changed"))
    owner.post(UNDO, {"proof": cast.PASSWORD})
    people = [cast.person(f"person-{n}") for n in range(7)]
    browsers = [at_home(one.username) for one in people]
    fields = {"password1": NEW, "password2": NEW}
    told = race(
        lambda n: take("alice", browsers[n - 1]) if n else outcome(owner.post(PASSWORD, fields)), 8
    )
    assert told[0] == f"302 {DONE}"
    assert all(one.startswith("200 That username is taken.") for one in told[1:])
    assert name_of(alice) == "alice"


def test_the_snapshot_costs_one_statement(alice, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert PART.snapshot(alice) == {"name": "alice", "newest_left": 0}
