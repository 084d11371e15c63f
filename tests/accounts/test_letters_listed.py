"""People see the letters they were sent, and staff whether they left."""

from __future__ import annotations

import re

import pytest

from accounts.models import LetterRecord, OutgoingMail
from accounts.outbox import letters, references
from tests.support.mailbox import Mailbox
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

SENT = "/accounts/activity/emails/"


@pytest.fixture
def here(client, alice) -> Visitor:
    client.post("/accounts/login/", {"login": "alice", "password": "a kettle of quiet violets"})
    LetterRecord.objects.all().delete()
    return client


def test_people_see_the_letters_they_were_sent_and_no_others(here, alice, bob):
    alice.time_zone = "America/New_York"
    alice.save()
    letters.no_account(**letters.reader(alice)).put()
    letters.switched_off(**letters.reader(bob)).put()
    letters.reset_held(**letters.reader(alice)).put(wanted=False)
    said = text_of(here.get(SENT))
    assert "There is no account with this address" in said and "Waiting to be sent" in said
    listed = said.rpartition("Emails we sent you")[2]
    assert "a•••@example.org" in listed and alice.email not in listed
    assert "switched off" not in said and "while a change is stopped" not in said
    assert SENT in here.get("/accounts/activity/").content.decode()


def test_a_letter_to_an_address_that_is_gone_says_so(here, alice):
    letters.reset_held(**letters.reader(alice, to="old@example.org")).put()
    said = text_of(here.get(SENT))
    assert "An address that is no longer yours here" in said and "old@" not in said


def test_the_list_is_paged_by_key_and_costs_the_same_for_many(
    here, alice, django_assert_max_num_queries
):
    for number in range(120):
        LetterRecord.objects.create(
            reference=f"{number:064}",
            address="a" * 64,
            letter="unlock",
            subject_id=alice.subject_id,
        )
    path, seen = SENT, 0
    for _page in range(3):
        with django_assert_max_num_queries(6):
            page = here.get(path).content.decode()
        seen += page.count("A code to get in without waiting")
        older = re.search(r'href="([^"]+before=\d+)"', page)
        path = older.group(1) if older else ""
    assert seen == 120 and path == ""
    for nonsense in ("0", "-1", "x", "9" * 19, "9" * 40, "٣"):
        assert here.get(SENT, {"before": nonsense}).status_code == 200


def test_nobody_sees_the_list_signed_out():
    assert Visitor().get(SENT).status_code == 302


def test_what_is_remembered_of_letters_goes_with_the_person(alice):
    letters.no_account(**letters.reader(alice)).put()
    references.forget(alice.subject_id)
    assert not LetterRecord.objects.exists()
    assert Mailbox().kinds() == ["no_account"]


# --- What staff see of it -------------------------------------------------------------------------


def person_page(browser: Visitor, person) -> str:
    answer = browser.get(f"/admin/accounts/user/{person.pk}/change/")
    assert answer.status_code == 200
    return text_of(answer).partition("Last error")[2].partition("Dates")[0]


def test_staff_see_whether_letters_to_somebody_left(sue_here, alice):
    for _ in range(25):
        letters.reset_held(**letters.reader(alice)).put()
    letters.no_account(**letters.reader(alice)).put()
    letters.switched_off(**letters.reader(alice)).put(wanted=False)
    OutgoingMail.objects.filter(letter="no_account").update(
        state="dead", attempts=3, last_error="SMTP 550 at rcpt"
    )
    seen = person_page(sue_here, alice)
    assert "There is no account with this address Could not be delivered 3 SMTP 550 at rcpt" in seen
    assert seen.count("A password reset while a change is stopped Waiting to be sent 0 –") == 19
    assert alice.email not in seen and "switched off" not in seen


def test_of_a_letter_past_its_row_in_the_outbox_staff_see_the_state(sue_here, alice):
    letters.reset_held(**letters.reader(alice)).put()
    OutgoingMail.objects.filter(letter="reset_held").delete()
    assert "is stopped Sent – –" in person_page(sue_here, alice)


def test_the_letters_of_somebody_are_shown_to_nobody_without_the_permission(tom, alice):
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "tom", "password": "a kettle of quiet violets"})
    assert browser.get(f"/admin/accounts/user/{alice.pk}/change/").status_code == 403
