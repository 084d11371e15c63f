"""Names that were given up: nobody else gets them for a while, however they ask. On SQLite and
PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts import housekeeping
from accounts.flows import erasing, rights, superusers, usernames
from accounts.lockout import buckets
from accounts.models import FormerUsername, User
from tests.support import cast
from tests.support.mailbox import Mailbox
from tests.support.pages import errors_of
from tests.support.race import race
from tests.support.usernames import CHOSEN, CONFIRM, LOGIN, PAGE, at_home, sign_up, signs_in, take
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def left(alice: User) -> User:
    """Alice, who was called `alice` and is `quiet-lark` now."""
    assert take("quiet-lark", at_home()) == "302 /accounts/profile/"
    alice.refresh_from_db()
    return alice


def test_a_taken_name_is_told_with_two_that_are_free(alice, bob):
    answer = at_home().post(PAGE, {"username": "bob"})
    said = errors_of(answer)
    assert "That username is taken. Try bob-" in said
    first, second = said.partition("Try ")[2].split(".")[0].split(" or ")
    assert first != second and not usernames.is_taken(first) and not usernames.is_taken(second)


def test_no_free_name_near_one_of_the_sites_own_is_suggested():
    assert not [name for name in usernames.suggest("admin") if "admin" in name]
    assert all(len(name) <= 80 for name in usernames.suggest("a" * 80))


def test_a_held_name_is_taken_for_everybody_else_and_its_owner_takes_it_back(left, bob):
    assert take("alice", at_home("bob")).startswith("200 That username is taken.")
    assert take("Alice", at_home("quiet-lark")) == "302 /accounts/profile/"
    assert User.objects.filter(username="alice").get() == left
    assert FormerUsername.objects.filter(user=left).count() == 2
    assert take("quiet-lark", at_home("bob")).startswith("200 That username is taken.")


def test_a_held_name_is_taken_at_sign_up_and_another_is_asked_for(left, mailbox, settings):
    settings.POLICY_SIGNUP_USERNAME = True
    browser = sign_up("alice", "sam@example.org")
    answer = browser.post(CONFIRM, {"code": mailbox.latest("sam@example.org").code})
    assert "That username is taken. Try alice-" in errors_of(answer)
    assert not User.objects.filter(email="sam@example.org").exists()
    code = mailbox.latest("sam@example.org").code
    answer = browser.post(CONFIRM, {"code": code, "username": "sam-smith"})
    assert answer.status_code == 302 and User.objects.filter(username="sam-smith").exists()


def test_a_held_name_is_taken_for_a_new_administrator(left, monkeypatch):
    with pytest.raises(ValidationError, match="taken"):
        superusers.create(username="alice", email="new@example.org", password=CHOSEN)
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", CHOSEN)
    with pytest.raises(CommandError, match="taken"):
        call_command(
            "createsuperuser", interactive=False, username="alice", email="new@example.org",
            dry_run=True,
        )  # fmt: skip
    assert not User.objects.filter(username="alice").exists()


def test_no_form_of_the_desk_gives_a_username(left):
    ada = cast.administrator()
    assert "username" not in rights.changeable(ada, left)


def test_the_name_of_an_erased_account_is_held_from_everybody(alice, bob):
    User.objects.filter(pk=alice.pk).update(deletion_due_at=timezone.now())
    assert erasing.erase(alice.pk) is erasing.Outcome.ERASED
    assert FormerUsername.objects.get().user is None
    assert take("alice", at_home("bob")).startswith("200 That username is taken.")
    with pytest.raises(ValidationError, match="taken"):
        superusers.check_username("alice")


def test_names_left_before_stay_held_when_the_account_goes(left, bob):
    User.objects.filter(pk=left.pk).update(deletion_due_at=timezone.now())
    erasing.erase(left.pk)
    for name in ("alice", "quiet-lark"):
        assert take(name, at_home("bob")).startswith("200 That username is taken.")


def test_after_its_time_anybody_gets_it_and_nothing_of_it_is_kept(left, bob, clock, settings):
    clock.forward(days=89, hours=23)
    assert usernames.purge(10) == 0 and usernames.is_taken("alice", by=bob)
    clock.forward(hours=1, seconds=1)
    assert take("alice", at_home("bob")) == "302 /accounts/profile/"
    assert usernames.purge(10) == 1
    assert list(FormerUsername.objects.values_list("user", flat=True)) == [bob.pk]


def test_what_counts_as_a_change_outlives_a_shorter_hold(left, clock, settings):
    settings.POLICY_USERNAME_HELD_DAYS, settings.POLICY_USERNAME_CHANGE_DAYS = 30, 60
    clock.forward(days=31)
    assert usernames.purge(10) == 0 and not usernames.is_taken("alice")
    clock.forward(days=30)
    assert usernames.purge(10) == 1
    assert "accounts.flows.usernames.purge" in housekeeping.PERIODIC


# --- races ----------------------------------------------------------------------------------------


def test_of_many_who_take_one_name_at_once_one_gets_it(db):
    people = [cast.person(f"person-{n}") for n in range(8)]
    browsers = [at_home(one.username) for one in people]
    told = race(lambda n: take("wanted", browsers[n]), 8)
    assert told.count("302 /accounts/profile/") == 1
    refused = [one for one in told if one.startswith("200 That username is taken.")]
    assert len(refused) == 7
    assert FormerUsername.objects.count() == 1
    assert sum("username_changed" in Mailbox().kinds(one.email) for one in people) == 1


def test_whoever_waits_for_a_name_does_not_get_it_in_the_moment_it_is_given_up(alice):
    """Seven take `alice` while Alice gives it up: it is never free for them, whoever is first."""
    people = [cast.person(f"person-{n}") for n in range(7)]
    browsers = [at_home(), *(at_home(one.username) for one in people)]
    told = race(lambda n: take("alice" if n else "quiet-lark", browsers[n]), 8)
    assert told[0] == "302 /accounts/profile/"
    assert all(one.startswith("200 That username is taken.") for one in told[1:])
    assert not User.objects.filter(username="alice").exists()


def test_a_name_that_was_had_and_left_behind_the_look_is_held_all_the_same(alice, bob):
    """Bob finds it free; Alice takes it and gives it up before he takes it."""
    alices, bobs, done = at_home(), at_home("bob"), []

    def behind_the_look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if usernames.digest("wanted") in (params or ()) and not done:
            done.append("before anything else of it")
            done.extend(take(name, alices) for name in ("wanted", "quiet-lark"))
        return answer

    with connection.execute_wrapper(behind_the_look):
        told = take("wanted", bobs)
    assert done[1:] == ["302 /accounts/profile/"] * 2
    assert told.startswith("200 That username is taken.")
    assert User.objects.get(pk=bob.pk).username == "bob"
    assert not FormerUsername.objects.filter(user=bob).exists()


def test_an_administrator_is_not_made_under_a_held_name_either(left):
    with pytest.raises(usernames.UsernameHeld):
        superusers._insert("alice", "new@example.org", "!")
    assert not User.objects.filter(email="new@example.org").exists()


# --- guesses --------------------------------------------------------------------------------------


def guess(name: str) -> None:
    Visitor().post(LOGIN, {"login": name, "password": "not hers at all, really"})


def test_guesses_at_the_old_name_count_like_guesses_at_one_nobody_has(left):
    bucket = buckets.account_bucket(None, {"username": "Alice "})
    assert bucket == buckets.of_nobody("alice") != buckets.of_user(left)
    for _try in range(3):
        guess("alice")
    counted = set(AccessAttempt.objects.values_list("username", flat=True))
    assert buckets.of_user(left) not in counted
    assert signs_in("quiet-lark")  # who has to wait for nothing


def test_guesses_at_the_new_name_go_on_where_those_at_the_old_one_were(alice):
    bucket = buckets.account_bucket(None, {"username": "alice"})
    take("quiet-lark", at_home())
    assert buckets.account_bucket(None, {"username": "quiet-lark"}) == bucket
    assert bucket == buckets.of_user(alice)


def test_whoever_takes_a_name_that_is_free_again_has_a_bucket_of_their_own(left, bob, clock):
    clock.forward(days=90, seconds=1)
    guess("alice")
    take("alice", at_home("bob"))
    assert buckets.account_bucket(None, {"username": "alice"}) == buckets.of_user(bob)
