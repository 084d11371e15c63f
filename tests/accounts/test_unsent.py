"""What was typed into a form whose session had ended comes back to whoever typed it, and to nobody
else; no secret is ever among it."""

from __future__ import annotations

import re
import time

import pytest
from django.contrib.messages.storage.cookie import CookieStorage

from accounts.forms.account import ProfileForm
from accounts.models import Session, User
from accounts.sessions.store import UNSENT
from accounts.unsent import FIELD, FORMS, ready
from tests.support import cast, stored
from tests.support.pages import text_of
from tests.support.unsent import BACK, LOGIN, PROFILE, TYPED, ends, mark_in, signs_in, value_in
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

IDLE = {"minutes": 31}  # POLICY_IDLE_MINUTES, and one
HERE = {"Origin": "https://testserver"}


@pytest.fixture
def mark(client: Visitor, alice: User) -> str:
    """Of a form that Alice has open."""
    return mark_in(signs_in(client, "alice"))


# --- it comes back --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["idle", "signed out elsewhere"])
def test_it_comes_back_filled_and_is_not_sent(client, alice, mark, clock, by):
    clock.forward(**IDLE) if by == "idle" else ends(alice)
    sent = client.post(PROFILE, TYPED | {FIELD: mark})
    assert sent["Location"] == f"{LOGIN}?next={PROFILE}"
    page = signs_in(client, "alice")
    assert BACK in text_of(page)
    assert value_in(page, "name") == "Alice of Wonderland"
    assert value_in(page, "display_name") == "Captain"
    assert '<option value="Europe/London" selected>' in page.content.decode()
    assert re.search(r'value="dark"[^>]* checked', page.content.decode())
    alice.refresh_from_db()
    assert (alice.name, alice.display_name, alice.time_zone) == ("Alice Adams", "", "UTC")


def test_it_stays_through_a_reload_until_the_form_is_sent(client, alice, mark):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    signs_in(client, "alice")
    assert BACK in text_of(client.get(PROFILE))
    assert client.post(PROFILE, TYPED | {FIELD: mark})["Location"] == PROFILE
    page = client.get(PROFILE)
    assert BACK not in text_of(page) and "Your profile is saved." in text_of(page)
    alice.refresh_from_db()
    assert alice.name == "Alice of Wonderland"


def test_it_stands_in_its_own_form_alone(client, alice, mark):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    page = signs_in(client, "alice", "/accounts/username/")
    assert BACK not in text_of(page) and value_in(page, "username") == ""
    client.post("/accounts/username/", {"username": "x", FIELD: mark})
    assert BACK in text_of(client.get(PROFILE))


def test_it_goes_after_ten_minutes(client, alice, mark, clock):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    signs_in(client, "alice")
    clock.forward(minutes=10, seconds=1)
    assert BACK not in text_of(client.get(PROFILE))
    assert not any("Wonderland" in one.text for one in at_next_save(client))


def at_next_save(browser: Visitor) -> list[stored.Text]:
    browser.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    return list(stored.texts())


def test_the_last_form_takes_the_place_of_the_one_before(client, alice, mark):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    client.post("/accounts/username/", {"username": "alice-two", FIELD: mark})
    assert value_in(signs_in(client, "alice", "/accounts/username/"), "username") == "alice-two"
    assert BACK not in text_of(client.get(PROFILE))


# --- a token that is too old ----------------------------------------------------------------------


def late(client: Visitor) -> Visitor:
    browser = Visitor(enforce_csrf_checks=True)
    browser.cookies = client.cookies
    return browser


@pytest.mark.parametrize("lives", [True, False], ids=["signed in", "signed out"])
def test_a_form_that_was_open_too_long_keeps_what_was_typed(client, alice, mark, lives):
    if not lives:
        ends(alice)
    refused = late(client).post(PROFILE, TYPED | {FIELD: mark}, headers=HERE)
    assert refused.status_code == 403
    assert "What you typed is still there when you start again." in text_of(refused)
    page = client.get(PROFILE) if lives else signs_in(client, "alice")
    assert BACK in text_of(page) and value_in(page, "display_name") == "Captain"
    alice.refresh_from_db()
    assert alice.display_name == ""


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_another_site_opens_no_session_by_it(client, alice, mark, headers):
    """It would take the place of the one that the browser has, and does not send there."""
    before = Session.objects.count()
    refused = Visitor(enforce_csrf_checks=True).post(
        PROFILE, TYPED | {FIELD: mark}, headers=headers
    )
    assert refused.status_code == 403 and "Go back and try again." in text_of(refused)
    assert "__Host-session" not in refused.cookies and Session.objects.count() == before


def test_whoever_is_signed_in_now_is_not_given_anothers_form(client, alice, bob, mark):
    other = Visitor()
    signs_in(other, "bob")
    refused = late(other).post(PROFILE, TYPED | {FIELD: mark}, headers=HERE)
    assert "Go back and try again." in text_of(refused)
    assert BACK not in text_of(other.get(PROFILE))


# --- nobody else ----------------------------------------------------------------------------------


def test_another_person_gets_nothing_of_it_and_it_is_gone(client, alice, bob, mark):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    page = signs_in(client, "bob")
    assert BACK not in text_of(page) and "Wonderland" not in page.content.decode()
    assert not any("Wonderland" in one.text for one in stored.texts())
    client.post("/accounts/logout/")
    assert BACK not in text_of(signs_in(client, "alice"))


def test_another_browser_of_the_same_person_gets_nothing_of_it(client, alice, mark):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    assert BACK not in text_of(signs_in(Visitor(), "alice"))


def test_signing_out_forgets_it(client, alice, mark):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    signs_in(client, "alice")
    client.post("/accounts/logout/")
    assert BACK not in text_of(signs_in(client, "alice"))


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "1",
        "1-",
        "-",
        "x-y",
        "9" * 400,
        "१-x",
        "1-" + "0" * 64,
        "{pk}-" + "0" * 64,
        "\x00",
        "é-é",
    ],
)
def test_without_a_mark_of_ours_nothing_is_kept_and_no_session_begins(alice, forged):
    stranger = Visitor()
    sent = stranger.post(PROFILE, TYPED | {FIELD: forged.format(pk=alice.pk)})
    assert sent["Location"] == f"{LOGIN}?next={PROFILE}"
    assert not Session.objects.exists() and "__Host-session" not in sent.cookies


def test_one_persons_mark_is_none_of_anothers(client, alice, bob, mark):
    digest = mark.partition("-")[2]
    Visitor().post(PROFILE, TYPED | {FIELD: f"{bob.pk}-{digest}"})
    assert not Session.objects.exclude(user=alice).exists()


@pytest.mark.parametrize("is_theirs", [True, False])
def test_a_form_is_filled_for_whoever_typed_it_alone(rf, alice, bob, is_theirs):
    request = rf.get(PROFILE)
    request.user = alice if is_theirs else bob
    typed = {"name": "Wonderland"}
    kept_for = {"owner": alice.pk, "path": PROFILE, "fields": typed, "at": time.time()}
    request.session = {UNSENT: kept_for}
    request._messages = CookieStorage(request)
    form = ProfileForm(time_zone="UTC")
    ready(request, form)
    assert form.initial == (typed if is_theirs else {})


def test_it_is_sealed_where_it_lies(client, alice, mark):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    assert not any("Wonderland" in one.text for one in stored.columns())
    assert any("Wonderland" in one.text for one in stored.texts())


def test_nobody_fills_the_table_with_it(alice, mark):
    before = Session.objects.count()
    for number in range(FORMS.limit() + 2):
        Visitor(REMOTE_ADDR=f"198.51.100.{number}").post(PROFILE, TYPED | {FIELD: mark})
    assert Session.objects.count() == before + FORMS.limit()


def test_a_neighbour_takes_no_room_of_others(client, alice, bob, mark):
    of_bob = mark_in(signs_in(Visitor(), "bob"))
    for _ in range(FORMS.limit() + 2):
        Visitor().post(PROFILE, TYPED | {FIELD: of_bob})
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    assert value_in(signs_in(client, "alice"), "name") == "Alice of Wonderland"


# --- what it costs --------------------------------------------------------------------------------


def test_a_page_costs_the_same_with_and_without_it(client, alice, mark, statements_of):
    with statements_of() as before:
        client.get(PROFILE)
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    signs_in(client, "alice")
    with statements_of() as after:
        assert BACK in text_of(client.get(PROFILE))
    assert after.count == before.count == 1


def test_keeping_it_costs_two_statements_and_nobody_else_any(alice, mark, statements_of):
    with statements_of() as bare:
        Visitor().post(PROFILE, TYPED)
    with statements_of() as kept:
        Visitor().post(PROFILE, TYPED | {FIELD: mark})
    assert (bare.count, kept.count) == (0, 2), kept.kinds


def test_ticks_and_days_come_back_too(client, alice, mark):
    ends(alice)
    posted = {"frozen_until": "2027-13-45", "resets_need_proof": "on", "recovery_days": "21"}
    client.post("/accounts/limits/", posted | {FIELD: mark})
    page = signs_in(client, "alice", "/accounts/limits/").content.decode()
    assert 'value="2027-13-45"' in page
    assert re.search(r'name="resets_need_proof"[^>]* checked', page)
    assert not re.search(r'name="passkey_for_changes"[^>]* checked', page)
    assert re.search(r'<option value="21"[^>]* selected', page)
