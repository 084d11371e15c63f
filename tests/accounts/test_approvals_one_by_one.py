"""Of one kind about one person one question waits at a time, and stands until it is answered."""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from accounts.models import Approval, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import form_of, page_of
from tests.support.granting import at_desk
from tests.support.pages import text_of
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


def answer(browser: Visitor, row: Approval, word: str) -> int:
    data = {"answer": word, "reason": "I called her"}
    return browser.post(f"/admin/approvals/{row.pk}/", data).status_code


def grant(browser: Visitor, person: User, **fields: str) -> HttpResponse:
    return browser.post(page_of(person), form_of(person, **fields))


def test_a_colleagues_question_stands_until_it_is_answered(alice, mailbox):
    """A newer one took it away, and nobody was told."""
    ada, zoe = at_desk(cast.administrator()), at_desk(cast.administrator("zoe"))
    grant(ada, alice, is_staff="on")
    older = Approval.objects.get()
    before = len(mailbox.all())
    refused = grant(zoe, alice, is_superuser="on", name="Alicia")
    assert refused.status_code == 409
    page = text_of(refused)
    assert "ada asked for something of this kind about alice" in page and "until" in page
    assert list(Approval.objects.all()) == [older] and len(mailbox.all()) == before
    assert Entry.objects.filter(event=Event.STAFF_APPROVAL_ASKED.value).count() == 1
    alice.refresh_from_db()
    assert alice.name != "Alicia"  # nothing of it was kept
    assert not Entry.objects.filter(event=Event.STAFF_USER_CHANGED.value).exists()
    assert answer(zoe, older, "no") == 302
    assert grant(zoe, alice, is_superuser="on").status_code == 302
    assert Approval.objects.get().asked_by.username == "zoe"


def test_ones_own_question_is_put_again(alice):
    ada = at_desk(cast.administrator())
    for _ in range(2):
        assert grant(ada, alice, is_staff="on").status_code == 302
    assert Approval.objects.get().asked["is_staff"]


@pytest.mark.parametrize("lapse", ["run out", "moved", "no staff"])
def test_a_question_that_counts_no_more_is_in_nobodys_way(alice, clock, lapse):
    ada = cast.administrator()
    grant(at_desk(ada), alice, is_staff="on")
    if lapse == "run out":
        clock.forward(hours=24, seconds=1)
    elif lapse == "moved":
        User.objects.filter(pk=alice.pk).update(credentials_version=9)
    else:
        User.objects.filter(pk=ada.pk).update(is_staff=False)
    zoe = at_desk(cast.administrator("zoe"))
    assert grant(zoe, alice, is_staff="on").status_code == 302
    assert Approval.objects.get().asked_by.username == "zoe"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_is_heard(alice):
    desks = [at_desk(cast.administrator(name)) for name in ("ada", "zoe")]
    answers = race(lambda n: grant(desks[n], alice, is_staff="on").status_code, 2)
    assert sorted(answers) == [302, 409]
    assert Approval.objects.count() == 1
    assert Entry.objects.filter(event=Event.STAFF_APPROVAL_ASKED.value).count() == 1
