"""An account that awaits its deletion: it opens for nothing but to be kept, and nobody else is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts import confined
from accounts.errors import CredentialsMoved
from accounts.flows import erasing, profile
from accounts.models import User
from accounts.sessions import guard
from audit.models import Entry
from tests.accounts.test_deletion import (
    AWAITING,
    DELETE,
    LOGIN,
    OVERVIEW,
    REAUTH,
    SET,
    SURE,
    ask,
    awaits,
    events,
    here,
    sign_in,
)
from tests.support import cast, second_steps, undoing, urls
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
__all__ = ["here"]


@pytest.fixture
def waiting(here) -> Visitor:
    assert ask(here) == SET
    return here


def test_signing_in_leads_to_one_page_only(waiting):
    assert sign_in(waiting) == OVERVIEW
    for path in (OVERVIEW, "/accounts/profile/", "/accounts/email/", "/accounts/sessions/",
                 "/accounts/password/change/", "/accounts/mfa/", DELETE, "/admin/", "/"):  # fmt: skip
        answer = waiting.get(path)
        assert (answer.status_code, answer["Location"]) == (302, AWAITING), path
    said = text_of(waiting.get(AWAITING))
    assert "This account will be deleted on" in said and "Keep my account" in said
    for path in ("/help/", "/privacy/", AWAITING, REAUTH):
        assert waiting.get(path).status_code == 200, path
    assert waiting.post("/accounts/logout/")["Location"].startswith(LOGIN)


def test_every_page_of_the_site_is_closed_or_named(waiting):
    """Whatever url is added: it is closed until it is opened by name."""
    sign_in(waiting)
    opened = confined.OPEN | confined.AWAITING_DELETION | confined.PROOFS
    assert opened <= urls.paths().keys()
    for name, path in urls.paths().items():
        if name not in opened and not path.startswith("/.well-known/"):
            answer = waiting.get(path)
            assert (answer.status_code, answer.get("Location")) == (302, AWAITING), name


def test_nothing_is_changed_meanwhile(waiting, mailbox):
    sign_in(waiting)
    before = User.objects.get()
    letters = len(mailbox.all())
    waiting.post("/accounts/profile/", {"name": "X", "language": "en", "time_zone": "UTC"})
    waiting.post("/accounts/email/", {"email": "new@example.org"})
    assert User.objects.get().name == before.name and len(mailbox.all()) == letters


def test_a_flow_that_a_page_reached_all_the_same_changes_nothing(waiting, rf, monkeypatch):
    """The wall behind the middleware."""
    sign_in(waiting)
    request = rf.post("/")
    request.session = waiting.session
    request.session.load()
    request.user = User.objects.get()
    with transaction.atomic():
        with pytest.raises(CredentialsMoved):
            guard.still_alive(request)
        guard.still_alive(request, awaiting_deletion=True)
    values = {"name": "X", "display_name": "", "language": "en", "time_zone": "UTC"}
    with pytest.raises(CredentialsMoved):
        profile.save(request, request.user, **values)


def test_keeping_it_opens_everything_again_and_tells_every_address(waiting, mailbox):
    sign_in(waiting)
    assert waiting.post(AWAITING)["Location"] == OVERVIEW
    assert "Your account is kept." in text_of(waiting.get(OVERVIEW))
    assert not awaits() and events() == ["account.deletion_set", "account.deletion_cancelled"]
    for address in ("alice@example.org", "spare@example.org"):
        letter = mailbox.latest(address)
        assert letter.subject == "Your Northgate account will not be deleted"
        assert letter.link == "/accounts/rescue/"
    assert waiting.get(AWAITING)["Location"] == OVERVIEW
    count = len(mailbox.all())
    assert waiting.post(AWAITING)["Location"] == OVERVIEW  # the button of another window
    assert len(mailbox.all()) == count and len(events()) == 2


def test_looking_keeps_nothing(waiting):
    sign_in(waiting)
    waiting.get(AWAITING)
    waiting.head(AWAITING)
    assert awaits()


def test_nothing_is_told_before_the_second_step(client, alice, another_browser):
    second_steps.give_app(alice)
    User.objects.update(deletion_due_at=timezone.now())
    answer = client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD}, follow=True)
    assert answer.request["PATH_INFO"] == "/accounts/mfa/authenticate/"
    assert "delet" not in text_of(answer).lower()
    assert client.get(AWAITING)["Location"] == client.post(AWAITING)["Location"] == LOGIN
    assert awaits()
    code = second_steps.code_of(alice)
    client.post("/accounts/mfa/authenticate/", {"method": "app", "code": code})
    assert "Keep my account" in text_of(client.get(AWAITING))


def test_whoever_must_set_up_a_second_step_may_still_keep_it(waiting, settings):
    settings.POLICY_TWO_STEP = "required"
    sign_in(waiting)
    assert waiting.get(OVERVIEW)["Location"] == AWAITING
    assert waiting.get("/accounts/mfa/required/")["Location"] == AWAITING
    assert waiting.get(AWAITING).status_code == 200
    waiting.post(AWAITING)
    assert not awaits() and waiting.get(OVERVIEW)["Location"] == "/accounts/mfa/required/"


def test_a_wrong_password_says_what_it_always_says(waiting, bob):
    answers = [
        text_of(Visitor().post(LOGIN, {"login": who, "password": "not hers at all, really"}))
        for who in ("alice", "bob")
    ]
    assert answers[0].replace("alice", "") == answers[1].replace("bob", "")


def test_a_reset_by_letter_chooses_a_password_and_keeps_nothing(waiting, mailbox):
    waiting.post("/accounts/password/reset/", {"login": "alice"})
    where = waiting.get(mailbox.latest().link)["Location"]
    new = "nine lanterns over the marsh"
    waiting.post(where, {"password1": new, "password2": new})
    assert awaits()
    waiting.post(LOGIN, {"login": "alice", "password": new})
    assert waiting.get(OVERVIEW)["Location"] == AWAITING


def test_an_owner_who_stops_an_intruders_change_stops_the_deletion_too(alice, clock):
    undoing.at_home(alice)
    intruder = undoing.sign_in("alice")
    undoing.take_over_the_address(intruder, "mallory@example.org")
    assert ask(intruder) == SET
    undoing.open_and_stop(undoing.link_to("alice@example.org", "address_changed"))
    assert not awaits()
    row = Entry.objects.get(event="account.deletion_cancelled")
    assert row.facts == {"how": "change_stopped"} and row.subject_id == alice.subject_id
    clock.forward(days=15)
    assert erasing.erase_due(500) == 0


def test_while_a_change_is_stopped_nothing_is_deleted(here):
    User.objects.update(held_since=timezone.now())
    assert here.post(DELETE, SURE).status_code == 409
    assert not awaits()
    User.objects.update(deletion_due_at=timezone.now() - timedelta(seconds=1))
    assert erasing.erase_due(500) == 0 and User.objects.count() == 1


# --- what it costs --------------------------------------------------------------------------------


def test_the_pages_are_cheap(here, waiting, django_assert_max_num_queries):
    sign_in(waiting)
    with django_assert_max_num_queries(3):
        waiting.get(AWAITING)
    waiting.post(AWAITING)
    with django_assert_max_num_queries(3):
        waiting.get(DELETE)
