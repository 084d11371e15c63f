"""What a person says about themselves, and the one plain view of them."""

from __future__ import annotations

import json

import pytest

from accounts.models import User
from accounts.serialize import NEVER_SHOWN, SHOWN, user_to_dict
from tests.support import cast
from tests.support.pages import errors_of, text_of

pytestmark = pytest.mark.django_db

PROFILE = "/accounts/profile/"
UNCHANGED = {"name": "Alice Adams", "language": "en", "time_zone": "UTC", "appearance": ""}


@pytest.fixture
def alice_here(client, alice):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    return client


def test_it_is_saved_and_said(alice_here, alice):
    answer = alice_here.post(PROFILE, UNCHANGED | {"name": "أليس", "time_zone": "Europe/London"})
    assert answer["Location"] == PROFILE
    assert "Your profile is saved." in text_of(alice_here.get(PROFILE))
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("أليس", "Europe/London")


def test_nothing_changed_is_said_too(alice_here):
    alice_here.post(PROFILE, UNCHANGED)
    assert "There was nothing to save." in text_of(alice_here.get(PROFILE))


def test_the_appearance_is_a_cookie_and_shows_in_the_page(alice_here):
    alice_here.post(PROFILE, UNCHANGED | {"appearance": "dark"})
    assert 'data-theme="dark"' in alice_here.get(PROFILE).content.decode()
    alice_here.post(PROFILE, UNCHANGED)
    assert "data-theme=" not in alice_here.get(PROFILE).content.decode()


@pytest.mark.parametrize(
    "field", [{"name": "x" * 70_000}, {"language": "xx"}, {"time_zone": "Mars"}, {"name": "a\nb"}]
)
def test_other_values_are_refused(alice_here, alice, field):
    errors_of(alice_here.post(PROFILE, UNCHANGED | field))
    alice.refresh_from_db()
    assert alice.name == "Alice Adams"


def test_a_hostile_name_is_shown_inert(alice_here, alice):
    User.objects.filter(pk=alice.pk).update(name='<script>alert("x")</script>')
    page = alice_here.get("/accounts/").content.decode()
    assert "<script>alert" not in page


def test_every_field_of_a_person_is_shown_or_held_back_on_purpose():
    fields = {field.name for field in User._meta.get_fields() if not field.auto_created}
    fields |= {"id"}
    assert fields == set(SHOWN) | set(NEVER_SHOWN)
    assert not set(SHOWN) & set(NEVER_SHOWN)


def test_the_plain_view_carries_no_secret(alice):
    plain = json.dumps(user_to_dict(alice))
    assert alice.password not in plain
    for word in ("password", "hash", "secret", "token", "key", "seed", "code", "session"):
        assert not [name for name in SHOWN if word in name and name != "password_changed_at"], word
    assert user_to_dict(alice)["id"] == str(alice.uuid)
