"""The queue of letters and texts on the staff desk: seen without what they say, tried again with a
reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import staff_mail
from accounts.models import OutgoingMail, User
from accounts.outbox import delivery, letters
from accounts.outbox.error_words import WHY, why
from accounts.texts import messages as texts
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import page_of
from tests.support.pages import text_of
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/outgoingmail/"
State = OutgoingMail.State


@pytest.fixture
def desk(ada_here: Visitor) -> Visitor:
    """Without the letter about ada's own sign-in."""
    OutgoingMail.objects.all().delete()
    return ada_here


def put(user: User | None = None, **fields: object) -> OutgoingMail:
    who = letters.reader(user) if user else {"to": "sam@example.org", "language": "en"}
    row = letters.no_account(**{key: who[key] for key in ("to", "language")}).put()
    OutgoingMail.objects.filter(pk=row.pk).update(
        subject_id=user.subject_id if user else "", **fields
    )
    return OutgoingMail.objects.get(pk=row.pk)


def text(**fields: object) -> OutgoingMail:
    soon = timezone.now() + timedelta(minutes=10)
    row = texts.code(to="+15551230000", code="123456", language="en", expires_at=soon).put()
    OutgoingMail.objects.filter(pk=row.pk).update(**fields)
    return OutgoingMail.objects.get(pk=row.pk)


def retry(browser: Visitor, *mails: OutgoingMail, **more: str):
    form = {"action": "retry", "_selected_action": [mail.pk for mail in mails], **more}
    return browser.post(LIST, form, follow=True)


def retried() -> list[Entry]:
    return list(Entry.objects.filter(event=Event.MAIL_RETRIED).order_by("id"))


def signed_in_with(*codenames: str) -> Visitor:
    person = cast.person("quinn", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "quinn", "password": cast.PASSWORD})
    return browser


# --- seen -----------------------------------------------------------------------------------------


def test_what_waits_and_what_was_given_up_is_listed_and_nobody_is_named(desk, alice):
    put(alice, state=State.DEAD, attempts=3, last_error="SMTPRecipientsRefused 550")
    put(attempts=1, due_at=timezone.now() + timedelta(hours=1), last_error="TimeoutError")
    put(state=State.SENT, letter="password_changed")
    put(state=State.UNWANTED, letter="unlock")
    text()
    page = desk.get(LIST)
    said, source = text_of(page), page.content.decode()
    assert len(page.context["cl"].result_list) == 3
    for words in (
        "There is no account with this address", "Could not be delivered", "Waiting to be sent",
        "The mail server refuses the recipient 550", "No answer in time", "Text message",
    ):  # fmt: skip
        assert words in said, words
    assert f'href="{page_of(alice)}"' in source
    assert "@example.org" not in source and "5551230000" not in source
    sent = desk.get(LIST, {"state": "sent"})
    assert [mail.letter for mail in sent.context["cl"].result_list] == ["password_changed"]
    assert not desk.get(LIST, {"state": "unwanted"}).context["cl"].result_list
    assert len(desk.get(LIST, {"channel": "text"}).context["cl"].result_list) == 1


def test_a_list_costs_the_same_whatever_is_in_it(desk, alice, bob):
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            desk.get(LIST)
        assert not any('"body"' in one["sql"] for one in asked.captured_queries)
        return len(asked)

    put(alice)
    cost()  # that it was read is told once a minute
    first = cost()
    for person in (alice, bob, None, bob):
        put(person)
    assert cost() == first


def test_no_more_than_the_first_ones_are_counted(desk, monkeypatch):
    monkeypatch.setattr(staff_mail, "MOST_LISTED", 2)
    for _ in range(3):
        put()
    page = desk.get(LIST)
    assert page.context["cl"].result_count == 2
    assert "Only the newest 2 are listed here." in text_of(page)


def test_errors_without_words_stand_as_they_are():
    assert why("Odd<b> 7") == ("Odd<b> 7", "")
    assert why("SMTPDataError 554") == (WHY["SMTPDataError"], "554")


def test_an_odd_error_is_inert(desk):
    put(last_error="<script>alert(1)</script>")
    assert "<script>alert" not in desk.get(LIST).content.decode()


def test_who_may_not_see_people_is_shown_no_name(alice):
    put(alice)
    page = signed_in_with("view_outgoingmail").get(LIST)
    assert page.status_code == 200 and "alice" not in page.content.decode()
    assert not Entry.objects.filter(event=Event.STAFF_PEOPLE_READ)


def test_that_people_were_named_stands_in_the_trail_once_a_minute(desk, ada, alice):
    desk.get(LIST)
    assert not Entry.objects.filter(event=Event.STAFF_PEOPLE_READ)
    put(alice)
    for _ in range(2):
        desk.get(LIST)
    told = Entry.objects.get(event=Event.STAFF_PEOPLE_READ)
    assert (told.actor_id, told.facts) == (ada.subject_id, {"asked": ["messages"]})


# --- tried again ----------------------------------------------------------------------------------


def test_what_waits_is_tried_at_once_and_what_was_given_up_with_all_its_tries(desk, ada, alice):
    later = timezone.now() + timedelta(hours=6)
    waits = put(alice, attempts=4, due_at=later)
    dead = put(state=State.DEAD, attempts=10, finished_at=timezone.now())
    page = retry(desk, waits, dead)
    assert "These 2 messages are handed to their server at once" in text_of(page)
    assert not retried()
    said = text_of(retry(desk, waits, dead, reason="ticket 4411"))
    assert "2 messages are tried again at once." in said
    assert set(delivery.due()) == {waits, dead}
    rows = {row.pk: row for row in OutgoingMail.objects.all()}
    assert (rows[waits.pk].attempts, rows[dead.pk].attempts) == (4, 0)
    assert rows[dead.pk].finished_at is None
    first, second = retried()
    assert (first.actor_id, first.subject_id) == (ada.subject_id, alice.subject_id)
    assert first.facts == {
        "letter": "no_account", "was": "waiting", "reason": "ticket 4411",
    }  # fmt: skip
    assert second.subject_id == "" and second.facts["was"] == "dead"


def test_what_cannot_be_sent_stays_and_leaves_no_row(desk):
    over = timezone.now() - timedelta(minutes=1)
    stay = [
        put(state=State.SENT, body=""),
        put(lease="a" * 32, due_at=timezone.now() + timedelta(minutes=2)),
        put(state=State.DEAD, expires_at=over),
        text(state=State.DEAD, body="", recipient=""),
        text(expires_at=over),
    ]
    before = list(OutgoingMail.objects.order_by("pk").values())
    for mail in stay:
        assert delivery.hurry(mail.pk) == ""
    said = text_of(retry(desk, *stay[1:], reason="ticket 4411"))
    assert "4 stay as they are" in said
    assert list(OutgoingMail.objects.order_by("pk").values()) == before and not retried()


def test_a_reason_is_asked_for(desk):
    mail = put(state=State.DEAD)
    for reason in ("", " ", "ab", "x" * 401):
        assert "Reason: " in text_of(retry(desk, mail, reason=reason))
    assert not retried() and OutgoingMail.objects.get().state == State.DEAD


def test_no_more_than_fifty_at_once(desk):
    mails = [put() for _ in range(51)]
    assert "Choose at most 50 messages" in text_of(retry(desk, *mails, select_across="1"))
    assert not retried()


def test_it_takes_a_right_of_its_own_and_a_fresh_proof(desk, clock):
    mail = put(state=State.DEAD)
    looks = signed_in_with("view_outgoingmail")
    assert "Try again now" not in looks.get(LIST).content.decode()
    retry(looks, mail, reason="ticket 4411")
    assert not retried()
    clock.forward(minutes=6)
    asked = desk.post(
        LIST, {"action": "retry", "_selected_action": mail.pk, "reason": "ticket 4411"}
    )
    assert asked["Location"].startswith("/accounts/reauthenticate/") and not retried()


def test_without_the_right_nothing_is_seen(tom):
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "tom", "password": cast.PASSWORD})
    assert browser.get(LIST).status_code == 403
    assert Visitor().get(LIST).status_code == 302


def test_an_operator_who_revives_letters_stands_in_the_trail():
    assert delivery.revive() == 0 and not retried()
    put(state=State.DEAD)
    put(state=State.DEAD)
    assert delivery.revive() == 2
    (row,) = retried()
    assert row.actor_id == "" and row.facts == {"letters": 2, "was": "dead", "by": "operator"}


@pytest.mark.django_db(transaction=True)
def test_whoever_takes_a_message_keeps_it_however_many_hurry_it():
    later = timezone.now() + timedelta(hours=6)
    mail = put(due_at=later, attempts=1)

    def one(number: int) -> str:
        if number % 2:
            return f"hurried {delivery.hurry(mail.pk)}"
        taken = delivery.claim()
        return f"taken {taken.lease}" if taken else ""

    outcomes = race(one, 8)
    row = OutgoingMail.objects.get()
    takers = [said for said in outcomes if said.startswith("taken")]
    assert "hurried waiting" in outcomes and len(takers) <= 1
    if takers:
        assert takers == [f"taken {row.lease}"] and row.due_at > timezone.now()
    assert row.attempts == 1 + len(takers)
