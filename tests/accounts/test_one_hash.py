"""One hash and one look-up for every try, whoever is asked for and whatever was typed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from allauth.account.models import EmailAddress
from asgiref.sync import async_to_sync
from django.contrib.auth import hashers as django_hashers
from django.contrib.auth.models import Permission
from django.http import HttpRequest

from accounts.backends import OneHashBackend, upgrade
from accounts.errors import HashingBusy
from accounts.identify import find_user
from accounts.models import User
from accounts.passwords import slots
from audit import trail
from audit.events import Event
from tests.support import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_hashes")]

WRONG = "a wrong guess of some length"
UNTYPABLE = "a\0b \ud800 \u202e ｆｕｌｌ"


@pytest.fixture
def people(alice, bob):
    """Alice is known, Bob switched off, Carol without a password, Dora with one nobody can read."""
    User.objects.filter(pk=bob.pk).update(is_active=False)
    cast.person("carol", password=None)
    dora = cast.person("dora")
    User.objects.filter(pk=dora.pk).update(password="argon2id$cut")


def backend_try(identifier: str, password: str) -> tuple[User | None, HttpRequest]:
    request = HttpRequest()
    return OneHashBackend().authenticate(request, username=identifier, password=password), request


@contextmanager
def no_room(settings) -> Iterator[None]:
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 19, 0.02
    slots._room.enter(1, slots.Caller())
    try:
        yield
    finally:
        slots._room.leave(1, slots.Caller())


def old_hash(password: str = cast.PASSWORD) -> str:
    hasher = django_hashers.PBKDF2PasswordHasher()
    return hasher.encode(password, "salt", iterations=1000)


# --- The price ------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [cast.PASSWORD, WRONG, "", "x" * 70_000, UNTYPABLE])
@pytest.mark.parametrize(
    "identifier",
    [
        "alice",
        " ALICE ",
        "alice@example.org",
        "Alice@Example.ORG",
        "bob",
        "bob@example.org",
        "carol",
        "dora",
        "nobody",
        "nobody@example.org",
        "",
        "@",
        "alice@",
        "alice@@example.org",
        "a\0lice",
        "alice\0@example.org",
        "\ud800",
        "\ud800@example.org",
        "ａｌｉｃｅ",
        "alice@bücher.example",
        "\u202ealice",
        "x" * 70_000,
        "x" * 70_000 + "@example.org",
    ],
)
def test_every_try_costs_one_hash_and_one_select(people, statements_of, identifier, password):
    before = slots.made()
    with statements_of() as statements:
        backend_try(identifier, password)
    assert slots.made() - before == 1
    assert [sql.split()[0] for sql in statements.sql] == ["SELECT"]


def test_known_and_unknown_are_looked_up_by_the_same_statement(people, statements_of):
    for known, unknown in (("alice", "nobody"), ("alice@example.org", "no@example.org")):
        kinds = []
        for identifier in (known, unknown, "@" if "@" in known else "\0"):
            with statements_of() as statements:
                backend_try(identifier, WRONG)
            kinds.append(statements.kinds)
        assert kinds[0] == kinds[1] == kinds[2]


@pytest.mark.parametrize("identifier", ["alice", "nobody", "bob@example.org", "carol", "dora"])
def test_a_try_over_http_costs_one_hash(client, people, identifier):
    before = slots.made()
    client.post("/accounts/login/", {"login": identifier, "password": WRONG})
    assert slots.made() - before == 1


def test_asking_the_person_costs_one_hash_and_writes_nothing(alice, statements_of):
    User.objects.filter(pk=alice.pk).update(password=old_hash())
    alice.refresh_from_db()
    for password, right in ((cast.PASSWORD, True), (WRONG, False), (None, False)):
        before = slots.made()
        with statements_of() as statements:
            assert alice.check_password(password) is right
        assert (slots.made() - before, statements.count) == (1, 0)
    assert async_to_sync(alice.acheck_password)(cast.PASSWORD)


def test_older_parameters_are_not_hashed_a_second_time_for_a_wrong_guess(alice, settings):
    settings.POLICY_ARGON2_PASSES = 1
    User.objects.filter(pk=alice.pk).update(password=django_hashers.make_password(cast.PASSWORD))
    settings.POLICY_ARGON2_PASSES = 2
    before = slots.made()
    assert backend_try("alice", WRONG)[0] is None
    assert slots.made() - before == 1


def test_the_asynchronous_road_is_the_same_road(people):
    before = slots.made()
    backend = OneHashBackend()
    async_to_sync(backend.aauthenticate)(None, username="\0", password=WRONG)
    assert slots.made() - before == 1
    assert type(backend).aauthenticate is not OneHashBackend.__mro__[2].aauthenticate


def test_without_room_a_try_is_refused_and_not_called_wrong(alice, settings):
    with no_room(settings), pytest.raises(HashingBusy):
        backend_try("alice", WRONG)


# --- Who --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["alice", " ALICE ", "alice@example.org", " ALICE@EXAMPLE.ORG", "a2@example.org"]
)
def test_every_confirmed_spelling_finds_the_person(alice, typed):
    EmailAddress.objects.create(user=alice, email="a2@example.org", verified=True)
    assert find_user(typed) == alice
    assert backend_try(typed, cast.PASSWORD)[0] == alice


def test_an_unconfirmed_address_finds_nobody(alice):
    EmailAddress.objects.create(user=alice, email="a3@example.org", verified=False)
    assert find_user("a3@example.org") is None


def test_a_name_is_no_address_and_an_address_no_name(alice):
    """A username cannot hold an @, so that nobody can be called like another's address."""
    EmailAddress.objects.filter(user=alice).update(email="other@example.org")
    assert find_user("alice@example.org") is None


def test_no_backend_but_a_password_try_is_answered(alice):
    before = slots.made()
    assert OneHashBackend().authenticate(None, uidb64="x", key="y") is None
    assert slots.made() == before


def test_a_switched_off_person_is_nobody_and_is_reported_only_with_the_right_password(people):
    found, request = backend_try("bob", cast.PASSWORD)
    assert found is None
    assert request.refused_by.reason == "switched_off"
    found, request = backend_try("bob", WRONG)
    assert found is None
    assert not hasattr(request, "refused_by")


def test_rights_are_djangos(alice, ada):
    right = Permission.objects.get(codename="view_user")
    assert ada.has_perm("accounts.view_user")
    assert not alice.has_perm("accounts.view_user")
    alice.user_permissions.add(right)
    assert User.objects.get(pk=alice.pk).has_perm("accounts.view_user")
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert not User.objects.get(pk=ada.pk).has_perm("accounts.view_user")


# --- Upgrades -------------------------------------------------------------------------------------


def test_a_right_password_replaces_an_older_hash_and_ends_no_session(
    client, another_browser, alice
):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    User.objects.filter(pk=alice.pk).update(password=old_hash())
    before = slots.made()
    elsewhere = another_browser()
    elsewhere.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert slots.made() - before == 2
    assert client.get("/accounts/").status_code == 200
    assert elsewhere.get("/accounts/").status_code == 200
    after = User.objects.get(pk=alice.pk)
    assert after.password.startswith("argon2id$")
    assert after.check_password(cast.PASSWORD)
    assert after.credentials_version == alice.credentials_version
    [line] = trail.entries_of(alice.subject_id, event=Event.PASSWORD_HASH_UPGRADED)
    assert line.facts == {"former": "pbkdf2_sha256"}


def test_the_next_sign_in_costs_one_again(alice):
    User.objects.filter(pk=alice.pk).update(password=old_hash())
    backend_try("alice", cast.PASSWORD)
    before = slots.made()
    assert backend_try("alice", cast.PASSWORD)[0] == alice
    assert slots.made() - before == 1


def test_a_wrong_password_upgrades_nothing(alice):
    User.objects.filter(pk=alice.pk).update(password=old_hash())
    backend_try("alice", WRONG)
    assert User.objects.get(pk=alice.pk).password == old_hash()


def test_an_upgrade_never_overwrites_a_password_changed_meanwhile(alice):
    User.objects.filter(pk=alice.pk).update(password=old_hash())
    seen = User.objects.get(pk=alice.pk)
    chosen = django_hashers.make_password("the one she just chose")
    User.objects.filter(pk=alice.pk).update(password=chosen)
    upgrade(seen, cast.PASSWORD, None)
    assert User.objects.get(pk=alice.pk).password == chosen
    assert trail.entries_of(alice.subject_id, event=Event.PASSWORD_HASH_UPGRADED) == []


def test_without_room_for_a_second_hash_the_person_still_gets_in(alice, settings):
    User.objects.filter(pk=alice.pk).update(password=old_hash())
    seen = User.objects.get(pk=alice.pk)
    with no_room(settings):
        upgrade(seen, cast.PASSWORD, None)
    assert User.objects.get(pk=alice.pk).password == old_hash()


def test_djangos_own_command_ends_sessions(client, alice):
    """`changepassword` knows nothing of versions; setting a password moves it on by itself."""
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    alice.set_password("three unrelated violet kettles")
    alice.save()
    assert client.get("/accounts/").status_code == 302
