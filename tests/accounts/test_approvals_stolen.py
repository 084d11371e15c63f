"""A word that takes two ends with the account that gave it: a thief asks, or says yes, and the owner's
new password ends that as it ends the thief's sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows import approval_answers, approvals, approved_export
from accounts.models import Approval, User
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_approvals import ASKED, LIST, WHY, answer, colleague, last
from tests.support import cast
from tests.support.desk import form_of, page_of, second_says
from tests.support.granting import at_desk
from tests.support.pages import text_of
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

NEW = "a wholly new one, ninety horses"


def takes_it_back(browser: Visitor) -> int:
    """The owner chooses another password, as whoever suspects something does."""
    words = {"oldpassword": cast.PASSWORD, "password1": NEW, "password2": NEW}
    return browser.post("/accounts/password/change/", words).status_code


def new_password(who: User) -> None:
    browser = at_desk(who)
    assert takes_it_back(browser) == 302


def leaving(who: User) -> None:
    due = timezone.now() + timedelta(days=9)
    User.objects.filter(pk=who.pk).update(deletion_due_at=due)


def held(who: User) -> None:
    User.objects.filter(pk=who.pk).update(held_since=timezone.now())


def switched_off(who: User) -> None:
    User.objects.filter(pk=who.pk).update(is_active=False)


ENDS = [new_password, leaving, held, switched_off]


@pytest.fixture
def two(db) -> tuple[User, User]:
    rights = ("export_entries", "view_entry", "view_addresses")
    return colleague("eve", *rights), colleague("max", *rights)


@pytest.mark.parametrize("end", ENDS)
def test_a_question_ends_with_the_account_that_asked(ada_here, ada, alice, end):
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", is_superuser="on"))
    row = Approval.objects.get()
    assert approvals.counts(row)
    end(ada)
    assert second_says() == 404
    person = User.objects.get(pk=alice.pk)
    assert not (person.is_staff or person.is_superuser)


@pytest.mark.parametrize("end", ENDS)
def test_a_question_that_ended_is_nowhere_and_in_nobodys_way(ada_here, ada, alice, end):
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    end(ada)
    desk = at_desk(cast.administrator("max"))
    assert "Nothing waits for you." in text_of(desk.get(LIST))
    assert desk.post(page_of(alice), form_of(alice, is_staff="on")).status_code == 302
    assert Approval.objects.get().asked_by.username == "max"


def test_its_owner_does_not_find_it_among_what_waits(ada_here, ada, alice):
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    assert "Make somebody staff" in text_of(ada_here.get(LIST))
    assert takes_it_back(ada_here) == 302
    assert "Nothing waits for you." in text_of(ada_here.get(LIST))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("who", ["eve", "max"])
def test_a_yes_ends_with_either_account(two, by_hand, who, end):
    eve, max_ = two
    row = approved_export.ask(by_hand(at_desk(eve), eve), ASKED, reason=WHY)
    assert answer(at_desk(max_), row) == 302
    assert approved_export.granted(User.objects.get(pk=eve.pk), ASKED) is not None
    end(User.objects.get(username=who))
    assert not approved_export.spend(User.objects.get(pk=eve.pk), ASKED)


@pytest.mark.parametrize("right", ["view_addresses", "view_entry", "export_entries"])
@pytest.mark.parametrize("who", ["eve", "max"])
def test_a_yes_takes_all_that_saying_it_took(two, by_hand, who, right):
    """Addresses too: what the second one may not look at any more, they let nobody take out."""
    eve, max_ = two
    asked = ASKED | {"networks": "with"}
    row = approved_export.ask(by_hand(at_desk(eve), eve), asked, reason=WHY)
    assert answer(at_desk(max_), row) == 302
    one = User.objects.get(username=who)
    one.user_permissions.set(one.user_permissions.exclude(codename=right))
    assert not approved_export.spend(User.objects.get(pk=eve.pk), asked)


def test_what_was_asked_before_versions_were_kept_counts_no_more(ada_here, alice):
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    Approval.objects.update(asked_version=0)
    assert second_says() == 404


def test_an_asker_who_signs_in_and_out_has_asked_still(ada_here, ada, alice):
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    ada_here.post("/accounts/logout/")
    at_desk(ada)
    assert second_says() == 302
    assert User.objects.get(pk=alice.pk).is_staff


@pytest.mark.django_db(transaction=True)
def test_a_yes_and_the_owner_at_once_are_one_after_the_other(ada_here, ada, alice):
    """Either the yes was first, and done, or nothing is."""
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    row = Approval.objects.get()
    desk = at_desk(cast.administrator("max"))
    deeds = [lambda: answer(desk, row), lambda: takes_it_back(ada_here)]
    said, back = race(lambda number: deeds[number](), 2)
    assert back == 302 and said in (302, 403, 404, 409)
    made = User.objects.get(pk=alice.pk).is_staff
    assert made == (said == 302)
    if made:
        given, changed = last(Event.STAFF_APPROVAL_GIVEN), last(Event.PASSWORD_CHANGED)
        assert given.pk < changed.pk
    else:
        assert not Entry.objects.filter(event=Event.STAFF_APPROVAL_GIVEN.value).exists()


def test_the_flow_looks_at_the_asker_as_they_are_now(ada_here, ada, alice, by_hand):
    """The page was drawn before the owner took the account back."""
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    second = cast.administrator("max")
    request, row = by_hand(at_desk(second), second), Approval.objects.get()
    assert approval_answers.may_decide(second, row)
    new_password(ada)
    assert not approval_answers.may_decide(second, Approval.objects.get())
    with pytest.raises(CredentialsMoved):
        approval_answers.approve(request, row, reason=WHY)
    assert not User.objects.get(pk=alice.pk).is_staff
