"""A person has their account deleted: asked for with a fresh proof, waited for, kept by signing in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ReauthenticationRequired
from django.utils import timezone

from accounts.flows import deletion
from accounts.models import Session, User
from accounts.sessions.store import SessionStore
from audit.models import Entry
from tests.support import cast
from tests.support.pages import errors_of, text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN, DELETE, SET = "/accounts/login/", "/accounts/delete/", "/accounts/delete/set/"
AWAITING, OVERVIEW, REAUTH = "/accounts/inactive/", "/accounts/", "/accounts/reauthenticate/"
OLD = {"minutes": 5, "seconds": 1}
SURE = {"sure": "on"}


def sign_in(browser: Visitor, who: str = "alice") -> str:
    return browser.post(LOGIN, {"login": who, "password": cast.PASSWORD}).get("Location", "")


def ask(browser: Visitor) -> str:
    return browser.post(DELETE, SURE).get("Location", "")


def awaits(who: str = "alice") -> bool:
    return User.objects.get(username=who).deletion_due_at is not None


def events(prefix: str = "account.delet") -> list[str]:
    rows = Entry.objects.filter(event__contains="delet").order_by("pk")
    return [row.event for row in rows if row.event.startswith((prefix, "staff."))]


@pytest.fixture
def here(client, alice) -> Visitor:
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    EmailAddress.objects.create(user=alice, email="unproved@example.org", verified=False)
    assert sign_in(client) == OVERVIEW
    return client


# --- asking ---------------------------------------------------------------------------------------


def test_the_page_says_what_goes_what_stays_why_and_the_day(here, still_clock, settings):
    settings.POLICY_DELETION_DAYS = 9
    said = text_of(here.get(DELETE))
    day = deletion.due_from_now(User.objects.get())
    for words in ("What goes", "What stays, and why", "9 days", f"{day.day} {day:%B %Y}"):
        assert words in said
    assert f"I understand this cannot be undone after {day.day} {day:%B %Y}" in said


def test_it_ends_every_session_and_tells_every_confirmed_address(here, mailbox, another_browser):
    laptop = another_browser()
    sign_in(laptop)
    assert ask(here) == SET
    said = text_of(here.get(SET))
    assert "Your account is set to be deleted on" in said and "Sign in before then" in said
    assert not Session.objects.filter(user__isnull=False)
    assert laptop.get(OVERVIEW).status_code == here.get(OVERVIEW).status_code == 302
    told = {letter.to: letter for letter in mailbox.all()}
    assert set(told) == {"alice@example.org", "spare@example.org"}
    for letter in told.values():
        assert letter.kind == "deletion" and "Keep my account" in letter.text
        assert letter.subject.startswith("Your Northgate account will be deleted on")
    (row,) = Entry.objects.filter(event="account.deletion_set")
    assert row.facts == {"days": 14, "sessions": 1}
    assert row.actor_id == row.subject_id == User.objects.get().subject_id


def test_the_days_are_those_of_the_setting(here, still_clock, settings):
    settings.POLICY_DELETION_DAYS = 30
    ask(here)
    assert (User.objects.get().deletion_due_at - timezone.now()).days == 30


def test_whoever_froze_their_sign_ins_can_keep_it_for_as_long_afterwards(here, still_clock):
    frozen_until = timezone.now() + timedelta(days=20)
    User.objects.update(frozen_until=frozen_until)
    assert "34 days" in text_of(here.get(DELETE))
    ask(here)
    assert User.objects.get().deletion_due_at == frozen_until + timedelta(days=14)
    assert Entry.objects.get(event="account.deletion_set").facts["days"] == 34


@pytest.mark.parametrize("fields", [{}, {"sure": ""}, {"sure": "false"}])
def test_the_box_must_be_ticked(here, fields, mailbox):
    assert "Tick the box" in errors_of(here.post(DELETE, fields))
    assert not awaits() and not mailbox.all()


def test_looking_deletes_nothing(here, mailbox):
    for look in (here.get, here.head):
        assert look(DELETE, SURE).status_code == 200
    assert not awaits() and not mailbox.all()


def test_nobody_deletes_by_a_session_alone(here, clock, mailbox):
    clock.forward(**OLD)
    assert ask(here).startswith(REAUTH)
    assert not awaits() and not mailbox.all()
    answer = here.post(f"{REAUTH}?next={DELETE}", {"password": cast.PASSWORD, "next": DELETE})
    assert answer["Location"] == SET and awaits()


def test_the_flow_asks_for_the_proof_itself(rf, alice):
    request = rf.post(DELETE)
    request.session, request.user = SessionStore(), alice
    with pytest.raises(ReauthenticationRequired):
        deletion.ask(request)


def test_strangers_are_led_to_sign_in(client, alice):
    for answer in (client.get(DELETE), client.post(DELETE, SURE)):
        assert answer.status_code == 302 and answer["Location"].startswith(LOGIN)
    assert client.get(SET)["Location"] == LOGIN
    assert client.get(AWAITING)["Location"] == client.post(AWAITING)["Location"] == LOGIN


# --- the last administrator -----------------------------------------------------------------------


def test_the_last_administrator_stays(client, ada, mailbox):
    sign_in(client, "ada")
    assert "Make someone else an administrator first." in errors_of(client.post(DELETE, SURE))
    assert not awaits("ada") and not mailbox.all()


def test_the_page_says_so_before_anybody_fills_it_in(client, ada):
    sign_in(client, "ada")
    alone = text_of(client.get(DELETE))
    assert "Make someone else an administrator first." in alone
    assert "Delete my account" not in alone and "change your mind" not in alone
    cast.administrator("eve")
    with_another = text_of(client.get(DELETE))
    assert "Delete my account" in with_another and "administrator" not in with_another


@pytest.mark.parametrize(
    "fields",
    [{"is_active": False}, {"is_superuser": False}, {"deletion_due_at": timezone.now()}],
    ids=["switched off", "no administrator", "to be deleted"],
)
def test_nobody_counts_who_will_not_give_rights(client, ada, fields):
    other = cast.administrator("eve")
    User.objects.filter(pk=other.pk).update(**fields)
    sign_in(client, "ada")
    client.post(DELETE, SURE)
    assert not awaits("ada")


def test_with_another_administrator_one_may_go(client, ada):
    cast.administrator("eve")
    sign_in(client, "ada")
    assert ask(client) == SET and awaits("ada")
