"""What staff can do about somebody without a second step: who may, what it takes, what is left."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.models import Approval, Session, User
from audit.events import Event
from audit.models import Entry
from mfa.models import AuthenticatorApp, RecoveryRequest
from tests.support import cast, recovering, second_steps
from tests.support.pages import text_of
from tests.support.race import outcome
from tests.support.recovering import APP, LOGIN, SAME_ANSWER, STEP
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

REASON = {"reason": "ID checked, ticket 4411"}
LIST = "/admin/mfa/recoveryrequest/"


@pytest.fixture
def alice(db) -> User:
    return recovering.lost("alice")


def staff(name: str, *codenames: str, **fields) -> User:
    user = cast.person(name, is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def at_desk(user: User) -> Visitor:
    browser = Visitor()
    browser.post(LOGIN, {"login": user.username, "password": cast.PASSWORD})
    assert browser.get("/admin/").status_code == 200
    return browser


def waiting(user: User) -> RecoveryRequest:
    assert recovering.ask(Visitor(), user.username, user.email) == SAME_ANSWER
    return recovering.request_of(user)


def shorten(browser: Visitor, row: RecoveryRequest, **data: str) -> str:
    return outcome(browser.post(f"{LIST}{row.pk}/shorten/", data or REASON))


def remove(browser: Visitor, user: User) -> str:
    return outcome(browser.post(f"{LIST}person/{user.pk}/remove/", REASON))


def reopen(browser: Visitor, user: User) -> str:
    return outcome(browser.post(f"{LIST}person/{user.pk}/reopen/", REASON))


def last(event: str) -> Entry:
    return Entry.objects.filter(event=event).latest("id")


# --- ending the wait -------------------------------------------------------------------------------


def test_one_of_staff_ends_the_wait_of_a_person_with_a_reason(alice, mailbox, clock):
    row = waiting(alice)
    sue = staff("sue", "shorten_recoveryrequest")
    desk = at_desk(sue)
    page = text_of(desk.get(LIST))
    assert "alice" in page and "waiting" not in page.replace("Waiting", "")
    assert "End the wait" in text_of(desk.get(f"{LIST}{row.pk}/change/"))
    assert "not be stopped" not in text_of(desk.get(f"{LIST}{row.pk}/shorten/"))
    assert outcome(desk.post(f"{LIST}{row.pk}/shorten/", {"reason": ""})).startswith("200 ")
    assert shorten(desk, row) == f"302 {LIST}"
    row.refresh_from_db()
    assert row.ready_at <= clock.forward(seconds=0) < row.ends_at
    for address in ("alice@example.org", "alice.spare@example.org"):
        letter = mailbox.latest(address)
        assert letter.kind == "staff_changed" and REASON["reason"] in letter.text
    entry = last("staff.recovery_shortened")
    assert entry.facts == REASON and entry.actor_id == sue.subject_id
    assert recovering.tell_all() == 1
    assert "is over" in mailbox.latest("alice@example.org").text
    assert recovering.ask(Visitor()) == f"302 {APP}"


@pytest.mark.parametrize("rights", [(), ("view_user", "change_user"), ("remove_second_step",)])
def test_nobody_ends_it_without_the_right(alice, rights):
    row = waiting(alice)
    desk = at_desk(staff("tom", *rights))
    assert shorten(desk, row).startswith(("403", "404"))
    row.refresh_from_db()
    assert row.ready_at > row.requested_at


def test_a_request_that_was_stopped_meanwhile_is_not_hastened(alice):
    row = waiting(alice)
    desk = at_desk(staff("sue", "shorten_recoveryrequest"))
    RecoveryRequest.objects.filter(pk=row.pk).update(state="stopped")
    assert shorten(desk, row).startswith("404")


def test_about_a_colleague_it_takes_two_and_neither_is_the_person(mailbox, clock):
    tom = recovering.lost("tom", is_staff=True)
    tom.user_permissions.set(Permission.objects.filter(codename="shorten_recoveryrequest"))
    sue, max_ = staff("sue", "shorten_recoveryrequest"), staff("max", "shorten_recoveryrequest")
    by_tom = at_desk(tom)
    row = waiting(tom)
    assert shorten(by_tom, row).startswith("403")
    first, second = at_desk(sue), at_desk(max_)
    assert shorten(first, row) == f"302 {LIST}"
    assert shorten(first, row) == f"302 {LIST}"
    row.refresh_from_db()
    assert row.ready_at > clock.forward(seconds=0)
    assert "staff_changed" not in mailbox.kinds()
    assert last("staff.approval_asked").facts.items() >= (REASON | {"act": "shorten"}).items()
    assert "sue asked for it" in text_of(second.get(f"{LIST}{row.pk}/shorten/"))
    assert shorten(second, row) == f"302 {LIST}"
    row.refresh_from_db()
    assert row.ready_at <= clock.forward(seconds=0)
    assert not Approval.objects.exists()
    assert mailbox.kinds()[-1] == "staff_changed"


def forgotten(sue: User, clock) -> None:
    clock.forward(hours=73)


def without_right(sue: User, clock) -> None:
    sue.user_permissions.clear()


def switched_off(sue: User, clock) -> None:
    User.objects.filter(pk=sue.pk).update(is_active=False)


@pytest.mark.parametrize("lapse", [forgotten, without_right, switched_off])
def test_a_first_word_that_counts_no_more_is_none(clock, lapse):
    tom = recovering.lost("tom", is_staff=True)
    row = waiting(tom)
    sue, max_ = staff("sue", "shorten_recoveryrequest"), staff("max", "shorten_recoveryrequest")
    shorten(at_desk(sue), row)
    lapse(sue, clock)
    second = at_desk(max_)
    shorten(second, row)
    row.refresh_from_db()
    assert row.ready_at > clock.forward(seconds=0)
    assert Approval.objects.get().asked_by == max_


def test_a_word_about_one_request_is_none_about_the_next(clock):
    tom = recovering.lost("tom", is_staff=True)
    row = waiting(tom)
    sue, max_ = staff("sue", "shorten_recoveryrequest"), staff("max", "shorten_recoveryrequest")
    shorten(at_desk(sue), row)
    RecoveryRequest.objects.filter(pk=row.pk).update(state="expired", closed_at=row.ready_at)
    newer = waiting(tom)
    assert shorten(at_desk(max_), newer) == f"302 {LIST}"
    newer.refresh_from_db()
    assert newer.ready_at > clock.forward(seconds=0)
    # The older word is about nothing any more, and in nobody's way.
    assert Approval.objects.get().asked_by == max_


# --- after two stops -------------------------------------------------------------------------------


def stop(user: User) -> None:
    browser = Visitor()
    browser.get(recovering.stop_link(user.email))
    assert outcome(browser.post(recovering.STOP_LINK)) == f"302 {recovering.STOPPED}"


def test_stopped_twice_only_staff_go_on(alice, mailbox, clock):
    for _ in range(2):
        assert waiting(alice).state == "waiting"
        stop(alice)
    for kinds in (["recovery_closed"], []):
        clock.forward(hours=1, seconds=1)
        before = len(mailbox.kinds("alice.spare@example.org"))
        assert recovering.ask(Visitor()) == SAME_ANSWER
        assert mailbox.kinds("alice.spare@example.org")[before:] == kinds
    clock.forward(hours=1, seconds=1)
    assert not RecoveryRequest.objects.filter(state="waiting").exists()
    assert last("mfa.recovery_refused").facts == {"reason": "closed"}
    desk = at_desk(staff("sue", "shorten_recoveryrequest"))
    row = recovering.request_of(alice)
    assert "Let them ask again" in text_of(desk.get(f"{LIST}{row.pk}/change/"))
    assert reopen(desk, alice) == f"302 {LIST}"
    assert last("staff.recovery_reopened").facts == REASON
    assert reopen(desk, alice).startswith("409")
    assert waiting(alice).state == "waiting"


def test_stops_are_forgotten_after_a_while(alice, clock):
    for _ in range(2):
        waiting(alice)
        stop(alice)
    clock.forward(days=91)
    assert waiting(alice).state == "waiting"


# --- removing second steps -------------------------------------------------------------------------


def test_removed_second_steps_are_gone_and_sessions_with_them(alice, mailbox):
    at_home = Visitor()
    at_home.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    at_home.post(STEP, {"method": "app", "code": second_steps.code_of(alice)})
    row = waiting(alice)
    desk = at_desk(staff("sue", "remove_second_step"))
    assert remove(desk, alice) == f"302 {LIST}"
    assert not any(recovering.factors_of(alice))
    assert not Session.objects.filter(user=alice).exists()
    alice.refresh_from_db()
    row.refresh_from_db()
    assert not alice.two_step_on and alice.recovery_ready_at is None
    assert row.state == RecoveryRequest.State.EXPIRED
    assert last("staff.second_step_removed").facts == REASON | {"sessions": 1, "of_staff": "no"}
    for address in ("alice@example.org", "alice.spare@example.org"):
        assert "were removed" in mailbox.latest(address).text
    browser = Visitor()
    answer = browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert outcome(answer) == "302 /accounts/"


def test_a_colleague_without_second_steps_gets_nowhere_but_to_setting_one_up():
    tom = recovering.lost("tom", is_staff=True)
    sue, max_ = staff("sue", "remove_second_step"), staff("max", "remove_second_step")
    remove(at_desk(sue), tom)
    assert AuthenticatorApp.objects.filter(user=tom).exists()
    remove(at_desk(max_), tom)
    assert not AuthenticatorApp.objects.filter(user=tom).exists()
    browser = Visitor()
    browser.post(LOGIN, {"login": "tom", "password": cast.PASSWORD})
    for path in ("/accounts/", "/accounts/profile/", "/admin/"):
        assert outcome(browser.get(path)) == "302 /accounts/mfa/required/"


@pytest.mark.parametrize("rights", [(), ("change_user",), ("shorten_recoveryrequest",)])
def test_nobody_removes_them_without_the_right(alice, rights):
    assert remove(at_desk(staff("tom", *rights)), alice).startswith("403")
    assert AuthenticatorApp.objects.filter(user=alice).exists()


def test_nobody_removes_their_own(ada):
    assert remove(at_desk(ada), ada).startswith("403")
    assert AuthenticatorApp.objects.filter(user=ada).exists()


def test_it_takes_a_fresh_proof(alice, clock):
    row = waiting(alice)
    desk = at_desk(staff("sue", "shorten_recoveryrequest", "remove_second_step"))
    clock.forward(minutes=6)
    assert shorten(desk, row).startswith("302 /accounts/reauthenticate/")
    assert remove(desk, alice).startswith("302 /accounts/reauthenticate/")
    assert AuthenticatorApp.objects.filter(user=alice).exists()


@pytest.mark.parametrize(
    "path", ["0/shorten/", "x/shorten/", "person/0/remove/", f"person/{'9' * 18}/reopen/"]
)
def test_what_is_not_there_is_not_found(ada, path):
    assert at_desk(ada).post(LIST + path, REASON).status_code == 404


@pytest.mark.parametrize("query", ["?state=void", "?state=nonsense", "?user__password__regex=a"])
def test_the_list_shows_what_there_is_and_no_more(ada, alice, query):
    waiting(alice)
    assert at_desk(ada).get(LIST + query).status_code in (200, 302, 400)


def test_that_requests_were_looked_at_is_in_the_trail(alice):
    row = waiting(alice)
    sue = at_desk(staff("sue", "shorten_recovery", "view_recoveryrequest", "remove_second_step"))
    read = Entry.objects.filter(event__in=(Event.STAFF_PEOPLE_READ, Event.STAFF_PERSON_READ))
    sue.get(LIST)
    assert read.latest("id").facts == {"asked": ["recoveries"]}
    sue.get(f"{LIST}{row.pk}/change/")
    assert read.latest("id").subject_id == alice.subject_id
    assert read.count() == 2
