""" "This was me" is remembered; "This was not me" shuts out everybody else at once, and shows its owner
what a stranger may have left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.activity import answers, history
from accounts.models import ActivityAnswer, Confirmation, KnownDevice, OutgoingMail, Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast, second_steps
from tests.support.history import PAGE, entry, happens, newest, said, signed_in
from tests.support.mailbox import Mailbox
from tests.support.pages import text_of
from tests.support.race import outcome, race
from tests.support.visitor import LOGIN, SECOND_STEP, Visitor

pytestmark = pytest.mark.django_db

RESCUE, CHANGE = "/accounts/rescue/", "/accounts/password/change/"
NEW_PASSWORD = "nine lanterns over the marsh"


@pytest.fixture
def here(client: Visitor, alice: User) -> Visitor:
    return signed_in(client)


@pytest.fixture
def stranger(alice: User) -> Visitor:
    """Whoever knows her password, in a browser of theirs."""
    return signed_in()


def with_an_app(alice: User) -> Visitor:
    """Her browser, signed in with both steps."""
    second_steps.give_app(alice)
    browser = signed_in()
    browser.post(SECOND_STEP, {"method": "app", "code": second_steps.as_if_later(alice)})
    assert browser.get("/accounts/").status_code == 200
    return browser


def of_alice(alice: User) -> int:
    return happens(alice, Event.PASSWORD_CHANGED, actor=alice)


def lines(event: Event) -> list[dict[str, Any]]:
    return list(Entry.objects.filter(event=event.value).values_list("facts", flat=True))


# --- "This was me" --------------------------------------------------------------------------------


def test_this_was_me_is_remembered_and_shown(here: Visitor, alice: User) -> None:
    mine = of_alice(alice)
    assert "Was this you?" in text_of(entry(here, mine))
    answer = here.post(f"{PAGE}{mine}/")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}{mine}/")
    assert "You said that this was you." in text_of(entry(here, mine))
    assert "This was you" in said(here)
    here.post(f"{PAGE}{mine}/")
    assert ActivityAnswer.objects.count() == 1


def test_this_was_not_me_stands(here: Visitor, alice: User) -> None:
    mine = of_alice(alice)
    here.post(f"{PAGE}{mine}/")
    here.post(RESCUE, {"entry": mine})
    here.post(f"{PAGE}{mine}/")  # whoever else is in there
    assert ActivityAnswer.objects.get().was_me is False
    assert "You said that this was not you." in text_of(entry(here, mine))
    assert "This was not you" in said(here)


def test_answers_are_about_ones_own_deeds_only(
    here: Visitor, alice: User, bob: User, ada: User
) -> None:
    of_bob = happens(bob, Event.SIGNED_IN, actor=bob)
    by_staff = happens(alice, Event.DEACTIVATED, actor=ada, reason="ticket 4411")
    undelivered = happens(alice, Event.MAIL_DEAD)
    quiet = happens(alice, Event.PASSWORD_HASH_UPGRADED, actor=alice)
    before = Entry.objects.count()
    for id in (of_bob, by_staff, undelivered, quiet, newest() + 9, 0, 2**63, 10**40):
        assert here.post(f"{PAGE}{id}/").status_code == 404, id
        assert here.post(RESCUE, {"entry": id}).status_code == 404, id
    for nonsense in ("x", "-1", "1.5", "\0", "٣", "9" * 5000):
        assert here.post(RESCUE, {"entry": nonsense}).status_code == 404, nonsense
    assert not ActivityAnswer.objects.exists() and Entry.objects.count() == before
    assert "This was not me" not in text_of(entry(here, by_staff))
    assert "Staff did this." in text_of(entry(here, by_staff))


def test_an_answer_is_forgotten_when_its_entry_is_not_shown_any_more(
    alice: User, clock: Any, settings: Any
) -> None:
    answers.keep(alice, 1, was_me=True)
    clock.forward(days=settings.POLICY_ACTIVITY_DAYS - 1)
    assert answers.purge(10) == 0
    clock.forward(days=2)
    assert answers.purge(10) == 1 and answers.purge(10) == 0


# --- "This was not me" ----------------------------------------------------------------------------


def test_it_ends_all_others_at_once_and_keeps_this_one(
    here: Visitor, stranger: Visitor, alice: User, bob: User
) -> None:
    other = Visitor()
    other.post(LOGIN, {"login": "bob", "password": cast.PASSWORD})
    mine, former = of_alice(alice), here.cookies["__Host-session"].value
    answer = here.post(RESCUE, {"entry": mine})
    assert (answer.status_code, answer["Location"]) == (302, RESCUE)
    assert "1 other device is signed out." in text_of(here.get(RESCUE))
    assert stranger.get("/accounts/").status_code == 302
    assert other.get("/accounts/").status_code == 200
    assert Session.objects.filter(user=alice).count() == 1
    assert lines(Event.ACTIVITY_DISOWNED) == [{"entry": mine, "sessions": 1}]
    thief = Visitor()
    thief.cookies["__Host-session"] = former
    assert thief.get("/accounts/").status_code == 302  # a copy of her session is worth nothing


def test_it_makes_the_other_devices_strangers_and_keeps_this_one(
    here: Visitor, stranger: Visitor, alice: User
) -> None:
    assert KnownDevice.objects.filter(user=alice).count() == 2
    here.post(RESCUE)
    assert KnownDevice.objects.filter(user=alice).count() == 1
    assert lines(Event.DEVICE_FORGOTTEN) == [{"devices": 1, "reason": "not_me"}]


def test_it_asks_for_no_fresh_proof_and_the_password_does(here: Visitor, clock: Any) -> None:
    clock.forward(minutes=20)
    assert here.post(RESCUE)["Location"] == RESCUE
    assert f'href="{CHANGE}"' in here.get(RESCUE).content.decode()
    typed = {"oldpassword": "", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert here.post(CHANGE, typed).status_code == 200  # the old password is missing


def test_a_sign_in_under_way_does_not_get_through_afterwards(alice: User) -> None:
    here, half_way = with_an_app(alice), signed_in()
    here.post(RESCUE)
    half_way.post(SECOND_STEP, {"method": "app", "code": second_steps.as_if_later(alice)})
    assert half_way.get("/accounts/").status_code == 302
    assert here.get("/accounts/").status_code == 200


def test_links_and_addresses_under_way_are_dead_afterwards(
    here: Visitor, stranger: Visitor, alice: User, mailbox: Mailbox
) -> None:
    Visitor().post("/accounts/password/reset/", {"login": "alice"})
    link = mailbox.latest().link
    stranger.post("/accounts/email/", {"email": "theirs@example.org"})
    assert Confirmation.objects.filter(user=alice, spent_at=None).exists()
    here.post(RESCUE)
    assert not Confirmation.objects.filter(user=alice, spent_at=None).exists()
    browser = Visitor()
    opened = browser.get(link, follow=True)
    assert "Save new password" not in text_of(opened)


def test_every_address_is_told_so_many_times_an_hour_and_no_more(
    here: Visitor, alice: User, settings: Any, mailbox: Mailbox
) -> None:
    alice.emailaddress_set.create(email="spare@example.org", verified=True)  # type: ignore[attr-defined]
    here.post(RESCUE)
    for address in ("alice@example.org", "spare@example.org"):
        letter = mailbox.latest(address)
        assert "This was not me" in letter.text and "/accounts/password/reset/" in letter.text
    for _ in range(10):
        assert here.post(RESCUE).status_code == 302
    told = OutgoingMail.objects.filter(letter="activity_disowned").count()
    assert told == 2 * settings.POLICY_LETTERS_PER_HOUR
    assert len(lines(Event.ACTIVITY_DISOWNED)) == 11


def test_it_goes_on_where_a_change_was_stopped(
    here: Visitor, stranger: Visitor, alice: User
) -> None:
    """Nothing else that moves the way in does then."""
    User.objects.filter(pk=alice.pk).update(held_since=timezone.now())
    assert here.post(RESCUE).status_code == 302
    assert stranger.get("/accounts/").status_code == 302


def test_it_takes_a_post_with_its_token_by_whoever_is_signed_in(
    here: Visitor, stranger: Visitor, alice: User
) -> None:
    mine = of_alice(alice)
    here.get(RESCUE, {"entry": mine})
    here.get(f"{PAGE}{mine}/")
    elsewhere = Client(enforce_csrf_checks=True)
    elsewhere.cookies = here.cookies
    for path in (RESCUE, f"{PAGE}{mine}/"):
        assert elsewhere.post(path, {"entry": mine}, secure=True).status_code == 403
        answer = Visitor().post(path, {"entry": mine})
        assert answer.status_code == 302 and answer["Location"].startswith(LOGIN)
    assert not ActivityAnswer.objects.exists() and not lines(Event.ACTIVITY_DISOWNED)
    assert stranger.get("/accounts/").status_code == 200


@pytest.mark.parametrize("path", [RESCUE, f"{PAGE}{{}}/"], ids=["not me", "me"])
def test_a_session_that_was_ended_meanwhile_says_nothing(
    here: Visitor, stranger: Visitor, alice: User, monkeypatch: Any, path: str
) -> None:
    """The owner was quicker than the stranger in their account."""
    mine, plain = of_alice(alice), history.one

    def the_owner_was_quicker(*asked: Any) -> Any:
        monkeypatch.setattr(history, "one", plain)
        assert here.post(RESCUE).status_code == 302
        return plain(*asked)

    monkeypatch.setattr(history, "one", the_owner_was_quicker)
    assert stranger.post(path.format(mine), {"entry": mine}).status_code == 403
    assert here.get("/accounts/").status_code == 200
    assert lines(Event.ACTIVITY_DISOWNED) == [{"sessions": 1}]
    assert not ActivityAnswer.objects.exists()


# --- What to check --------------------------------------------------------------------------------


def test_the_page_says_what_there_is_and_since_when(
    here: Visitor, alice: User, django_assert_max_num_queries: Any
) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone="Europe/London")
    page = text_of(here.get(RESCUE))
    assert "You are only signed in here." in page
    assert "Email addresses 1" in page and "Authenticator app None Check" in page
    alice.emailaddress_set.create(email="theirs@example.org", verified=True)  # type: ignore[attr-defined]
    here = with_an_app(alice)
    with django_assert_max_num_queries(6):
        page = text_of(here.get(RESCUE))
    today = timezone.localtime(timezone.now(), ZoneInfo("Europe/London"))
    day = f"{today.day} {today:%B %Y}, "
    for told in (
        "Email addresses 2 · the newest",
        "Authenticator app 1 ·",
        "Known devices 2 · the newest",
    ):
        assert f"{told} since {day}" in page, told


def test_other_devices_that_are_signed_in_are_counted(here: Visitor, alice: User) -> None:
    signed_in()
    signed_in()
    assert "You are signed in on 2 other devices." in text_of(here.get(RESCUE))
    over = timezone.now() - timedelta(minutes=1)
    last = Session.objects.filter(user=alice).latest("created_at")
    Session.objects.filter(pk=last.pk).update(expires_at=over)
    assert "You are signed in on 1 other device." in text_of(here.get(RESCUE))


# --- Raced ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_answers_given_at_once_are_one_and_not_me_stands() -> None:
    alice = cast.person("alice")
    browsers = [signed_in() for _ in range(4)]
    mine = of_alice(alice)

    def say(number: int) -> int:
        """Half of them "me"; the others answer for the entry alone, so that no session ends."""
        if number % 2:
            return int(browsers[number].post(f"{PAGE}{mine}/").status_code)
        answers.keep(alice, mine, was_me=False)
        return 302

    assert race(say, 4) == [302] * 4
    assert ActivityAnswer.objects.get().was_me is False


@pytest.mark.django_db(transaction=True)
def test_of_two_who_shut_each_other_out_at_once_one_stays() -> None:
    alice = cast.person("alice")
    browsers = [signed_in() for _ in range(4)]
    outcomes = race(lambda number: outcome(browsers[number].post(RESCUE)), 4)
    assert outcomes.count(f"302 {RESCUE}") == 1
    # Whoever comes while the one is at it is told so; whoever comes after it is signed out already.
    told, sent_away = "403 You are signed out", f"302 {LOGIN}?next={RESCUE}"
    assert outcomes.count(told) + outcomes.count(sent_away) == 3
    assert Session.objects.filter(user=alice).count() == 1
    assert len(lines(Event.ACTIVITY_DISOWNED)) == 1
