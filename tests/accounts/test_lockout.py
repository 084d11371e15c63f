"""Guessing a password: ten failures in fifteen minutes for one account from one network."""

from __future__ import annotations

import threading

import pytest
from axes.models import AccessAttempt
from django.db import connection

from accounts.lockout import buckets, tries
from accounts.models import Session, User
from accounts.passwords.slots import slot
from tests.support import cast
from tests.support.pages import same_bytes, text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_pauses(settings):
    """The pause after each failure is another limit: test_lockout_pauses.py."""
    settings.POLICY_FREE_FAILURES = 1000


LOGIN = "/accounts/login/"
WRONG = "a wrong guess of some length"


def guess(browser, name="alice", password=WRONG, ip="192.0.2.1", **extra):
    return browser.post(LOGIN, {"login": name, "password": password}, REMOTE_ADDR=ip, **extra)


def guess_often(times, **how):
    return [guess(Visitor(), **how).status_code for _ in range(times)]


def test_ten_failures_are_answered_and_then_even_the_right_password_waits(client, alice):
    assert guess_often(10) == [200] * 10
    answer = guess(client, password=cast.PASSWORD)
    assert answer.status_code == 429 and not Session.objects.exists()
    assert guess(client).status_code == 429


def test_after_the_pause_the_right_password_signs_in(client, alice, clock):
    guess_often(11)
    clock.forward(minutes=14)
    assert guess(client, password=cast.PASSWORD).status_code == 429
    clock.forward(minutes=1, seconds=5)
    assert guess(client, password=cast.PASSWORD).status_code == 302


def test_refused_tries_never_make_the_pause_longer(client, alice, clock):
    guess_often(10)
    for _ in range(14):
        clock.forward(minutes=1)
        assert guess(client).status_code == 429
    clock.forward(minutes=1, seconds=5)
    assert guess(client, password=cast.PASSWORD).status_code == 302


def test_the_pause_is_whole_from_the_last_failure_counted(client, alice, clock):
    """Not from the first: nine slow guesses and one more would otherwise open at once again."""
    guess_often(9)
    clock.forward(minutes=14)
    guess_often(1)
    clock.forward(minutes=2)
    answer = guess(client)
    assert answer.status_code == 429 and 770 <= int(answer["Retry-After"]) <= 780


def test_failures_are_forgotten_after_the_window(client, alice, clock):
    guess_often(9)
    clock.forward(minutes=16)
    assert guess_often(9) == [200] * 9
    assert guess(client, password=cast.PASSWORD).status_code == 302


def test_every_spelling_of_an_account_is_one_bucket(alice):
    spellings = ["alice", "ALICE", " alice ", "alice@example.org", "Alice@EXAMPLE.org"]
    answers = [guess(Visitor(), name).status_code for name in spellings * 2]
    assert answers == [200] * 10
    assert guess_often(1, name="aLiCe@example.org") == [429]
    assert AccessAttempt.objects.get().username == f"uid:{alice.pk}"


@pytest.mark.parametrize(
    "spellings",
    [
        ["nobody", "NoBody", " nobody\t"],
        ["no@example.org", "NO@Example.ORG", " no@example.org "],
        ["Ünknown@example.org", "üNKNOWN@example.org "],
        ["a b@example.org", "A B@example.org"],
    ],
)
def test_every_spelling_of_an_unknown_name_is_one_bucket(spellings, db):
    for name in spellings:
        guess(Visitor(), name)
    attempt = AccessAttempt.objects.get()
    assert attempt.failures_since_start == len(spellings)


def test_a_stranger_elsewhere_does_not_lock_the_owner_out(client, alice):
    guess_often(11, ip="198.51.100.66")
    assert guess(client, password=cast.PASSWORD).status_code == 302
    assert guess_often(1, ip="198.51.100.66") == [429]  # and the owner's sign-in frees no stranger


def test_one_account_locked_leaves_others_on_the_network_alone(client, alice, bob):
    guess_often(11)
    assert guess(client, "bob", cast.PASSWORD).status_code == 302


def test_a_whole_ipv6_network_is_one_stranger(alice):
    for host in range(10):
        assert guess_often(1, ip=f"2001:db8:1:2:{host:x}::{host:x}") == [200]
    assert guess_often(1, ip="2001:db8:1:2:ffff::1") == [429]
    assert guess_often(1, ip="2001:db8:1:3::1") == [200]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        ("", buckets.NOWHERE),
        ("not an address", buckets.NOWHERE),
    ],
)
def test_networks(address, network):
    assert buckets.network(address) == network


def test_a_sign_in_clears_what_failed_before_it(client, alice):
    guess_often(9)
    assert guess(client, password=cast.PASSWORD).status_code == 302
    assert not AccessAttempt.objects.exists()
    assert guess_often(10) == [200] * 10


def test_known_and_unknown_names_are_refused_alike(alice):
    for name in ("alice", "nobody"):
        guess_often(10, name=name)
    known, unknown = (guess(Visitor(), name) for name in ("alice", "nobody"))
    assert known.status_code == unknown.status_code == 429
    waits = []
    for answer in (known, unknown):
        waits.append(int(answer["Retry-After"]))
        del answer["Retry-After"]
    assert abs(waits[0] - waits[1]) <= 10
    same_bytes(known, unknown, echo=("alice", "nobody"))


def test_the_refusal_says_how_long_and_nothing_else(client, alice):
    guess_often(10)
    answer = guess(client, headers={"x-requested-with": "XMLHttpRequest"})
    assert "Wait a little before trying again" in text_of(answer)
    assert "You can try again in 15 minutes" in text_of(answer)
    assert 890 <= int(answer["Retry-After"]) <= 900
    assert answer["Content-Type"].startswith("text/html")
    # But for what was typed, which one button sends on.
    assert answer.content.decode().count("alice") == 1
    assert '<input type="hidden" name="login" value="alice">' in answer.content.decode()
    for name in answer.headers:
        assert not name.lower().startswith(("access-control", "x-axes", "x-ratelimit"))
    assert answer["Cache-Control"] == "no-store, private"


def test_nothing_that_was_typed_is_stored(client, alice, bob):
    for name in ("alice", "a password typed as a name", "nobody@example.org"):
        guess(client, f"{name}", "secret that was typed", headers={"accept": "secret/accept"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM axes_accessattempt")
        table = repr(cursor.fetchall())
        columns = [column[0] for column in cursor.description]
    for typed in ("typed", "nobody", "alice", "secret", "Firefox", LOGIN, "csrf"):
        assert typed not in table, columns
    for attempt in AccessAttempt.objects.all():
        assert attempt.username.startswith(("uid:", "name:"))
        nothing = (attempt.user_agent, attempt.http_accept, attempt.path_info)
        assert (*nothing, attempt.get_data, attempt.post_data) == ("",) * 5


def as_a_stranger(client):
    """A session whose browser is not known: whoever took the cookie of the session alone."""
    guess(client, password=cast.PASSWORD)
    del client.cookies["__Host-device"]


def test_reauthentication_spends_the_same_tries(client, alice):
    as_a_stranger(client)
    here = {"REMOTE_ADDR": "192.0.2.1"}
    for _ in range(5):
        client.post("/accounts/reauthenticate/", {"password": WRONG}, **here)
    guess_often(5)
    right = {"password": cast.PASSWORD}
    assert client.post("/accounts/reauthenticate/", right, **here).status_code == 429
    elsewhere = {"REMOTE_ADDR": "198.51.100.1"}
    assert client.post("/accounts/reauthenticate/", right, **elsewhere).status_code == 302


def test_the_current_password_of_a_change_spends_the_same_tries(client, alice):
    as_a_stranger(client)
    new = dict.fromkeys(("password1", "password2"), "some lamps in the harbour")
    page, here = "/accounts/password/change/", {"REMOTE_ADDR": "192.0.2.1"}
    for _ in range(10):
        assert client.post(page, new | {"oldpassword": WRONG}, **here).status_code == 200
    assert client.post(page, new | {"oldpassword": cast.PASSWORD}, **here).status_code == 429
    assert User.objects.get().check_password(cast.PASSWORD)
    assert guess_often(1) == [429]


def test_a_right_password_without_a_sign_in_gives_its_try_back_and_clears_nothing(client, alice):
    guess(client, password=cast.PASSWORD)
    guess_often(4)
    for _ in range(12):
        answer = client.post(
            "/accounts/reauthenticate/", {"password": cast.PASSWORD}, REMOTE_ADDR="192.0.2.1"
        )
        assert answer.status_code == 302
    assert AccessAttempt.objects.get().failures_since_start == 4


def test_without_room_to_hash_a_try_is_given_back(client, alice, settings):
    settings.POLICY_HASH_WAIT_SECONDS = 0
    guess(Visitor())
    inside, done = threading.Event(), threading.Event()

    def occupy() -> None:
        with slot(2**30):
            inside.set()
            done.wait(30)

    occupant = threading.Thread(target=occupy)
    occupant.start()
    try:
        assert inside.wait(10)
        assert guess_often(15) == [503] * 15
    finally:
        done.set()
        occupant.join()
    assert AccessAttempt.objects.get().failures_since_start == 1


def test_a_switched_off_person_and_one_without_password_lock_like_any_other(alice, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    cast.person("carol", password=None)
    for name, password in (("bob", cast.PASSWORD), ("carol", WRONG)):
        assert guess_often(11, name=name, password=password) == [200] * 10 + [429]


def test_forgetting_opens_an_account_from_every_network(client, alice, bob):
    for ip in ("192.0.2.1", "198.51.100.66"):
        guess_often(10, ip=ip)
        guess_often(1, name="bob", ip=ip)
    tries.forget_failures(alice)
    for ip in ("192.0.2.1", "198.51.100.66"):
        assert guess(Visitor(), password=cast.PASSWORD, ip=ip).status_code == 302
    assert AccessAttempt.objects.count() == 2  # bob's


def test_a_sign_in_deletes_nothing_of_others(client, alice, clock):
    """Axes' own handler empties the table of everybody's old failures within each sign-in."""
    guess_often(1, name="somebody else")
    clock.forward(hours=2)
    assert guess(client, password=cast.PASSWORD).status_code == 302
    client.post("/accounts/logout/")
    assert AccessAttempt.objects.count() == 1
