"""Stopping a request: the link changes nothing until its button is pressed, and either way of stopping
signs everybody out and asks for a new password."""

from __future__ import annotations

import pytest

from accounts.models import Session, User
from audit.models import Entry
from mfa.models import RecoveryRequest, RecoveryStopKey
from tests.support import cast, recovering, second_steps
from tests.support.pages import text_of
from tests.support.race import outcome
from tests.support.recovering import APP, LOGIN, SAME_ANSWER, STEP, STOP, STOP_LINK, STOPPED
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PAGES = (
    "/accounts/", "/accounts/profile/", "/accounts/email/", "/accounts/sessions/", "/accounts/mfa/",
)  # fmt: skip
NOTICE = "Somebody asked to remove your two-step sign-in."


@pytest.fixture
def alice(db) -> User:
    return recovering.lost("alice")


@pytest.fixture
def at_home(alice) -> Visitor:
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    browser.post(STEP, {"method": "app", "code": second_steps.code_of(alice)})
    assert browser.get("/accounts/").status_code == 200
    return browser


def everything(user: User) -> list[object]:
    user.refresh_from_db()
    return [
        user.__dict__ | {"_state": None},
        list(RecoveryRequest.objects.values()),
        list(Session.objects.filter(user=user).values("key")),
        Entry.objects.count(),
    ]


def assert_stopped(alice: User, mailbox, how: str) -> None:
    row = recovering.request_of(alice)
    assert row.state == RecoveryRequest.State.STOPPED and row.closed_at
    alice.refresh_from_db()
    assert alice.recovery_ready_at is None and alice.password_must_change is not None
    assert not Session.objects.filter(user=alice).exists()
    for address in ("alice@example.org", "alice.spare@example.org"):
        assert mailbox.kinds(address)[-1] == "recovery_stopped"
    assert Entry.objects.filter(event="mfa.recovery_stopped").get().facts["how"] == how
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    code = second_steps.as_if_later(alice)
    answer = browser.post(STEP, {"method": "app", "code": code})
    assert outcome(answer) == "302 /accounts/password/required/"


@pytest.mark.parametrize("address", ["alice@example.org", "alice.spare@example.org"])
def test_opening_the_link_changes_nothing_and_its_button_stops(at_home, alice, mailbox, address):
    recovering.ask(Visitor())
    link = recovering.stop_link(address)
    before = everything(alice)
    browser = Visitor()
    assert outcome(browser.get(link)) == f"302 {STOP_LINK}"
    assert browser.head(link).status_code == 302
    page = text_of(browser.get(STOP_LINK))
    assert "signs out every device and stops the request" in page
    assert link.rsplit("/", 2)[1] not in browser.get(STOP_LINK).content.decode()
    assert everything(alice) == before
    assert outcome(browser.post(STOP_LINK)) == f"302 {STOPPED}"
    assert browser.get(STOPPED).status_code == 200
    assert_stopped(alice, mailbox, "link")
    assert at_home.get("/accounts/").status_code == 302
    assert Visitor().get(link).status_code == 410
    assert browser.post(STOP_LINK).status_code == 410


def test_every_page_of_an_open_session_says_so_and_its_button_stops(at_home, alice, mailbox):
    assert NOTICE not in text_of(at_home.get("/accounts/"))
    recovering.ask(Visitor())
    for page in PAGES:
        assert NOTICE in text_of(at_home.get(page)), page
    assert outcome(at_home.post(STOP)) == f"302 {STOPPED}"
    assert at_home.get("/accounts/").status_code == 302
    assert at_home.get(STOPPED).status_code == 200
    assert_stopped(alice, mailbox, "session")


def test_the_notice_costs_no_statement(at_home, alice, statements_of):
    at_home.get("/accounts/profile/")
    with statements_of() as without:
        at_home.get("/accounts/profile/")
    recovering.ask(Visitor())
    at_home.get("/accounts/profile/")
    with statements_of() as with_it:
        assert NOTICE in text_of(at_home.get("/accounts/profile/"))
    assert with_it.count == without.count


def test_only_a_post_stops_and_only_ones_own(at_home, alice, bob):
    recovering.ask(Visitor())
    assert outcome(at_home.get(STOP)) == outcome(at_home.head(STOP)) == "302 /accounts/"
    assert recovering.request_of(alice).state == RecoveryRequest.State.WAITING
    bobs = Visitor()
    bobs.post(LOGIN, {"login": "bob", "password": cast.PASSWORD})
    assert NOTICE not in text_of(bobs.get("/accounts/"))
    assert outcome(bobs.post(STOP)) == "302 /accounts/"
    assert Visitor().post(STOP).status_code == 302
    assert recovering.request_of(alice).state == RecoveryRequest.State.WAITING


def test_a_link_of_yesterday_works_on(alice, clock, mailbox):
    recovering.ask(Visitor())
    first = recovering.stop_link()
    clock.forward(days=1)
    assert recovering.tell_all() == 1
    assert recovering.stop_link() != first
    browser = Visitor()
    browser.get(first)
    assert outcome(browser.post(STOP_LINK)) == f"302 {STOPPED}"


def test_somebody_else_who_opens_the_link_stays_signed_in(alice, bob):
    recovering.ask(Visitor())
    bobs = Visitor()
    bobs.post(LOGIN, {"login": "bob", "password": cast.PASSWORD})
    bobs.get(recovering.stop_link())
    assert outcome(bobs.post(STOP_LINK)) == f"302 {STOPPED}"
    assert bobs.get("/accounts/").status_code == 200
    assert recovering.request_of(alice).state == RecoveryRequest.State.STOPPED


def test_the_owner_who_opens_the_link_is_signed_out_too(at_home, alice, mailbox):
    recovering.ask(Visitor())
    at_home.get(recovering.stop_link())
    assert outcome(at_home.post(STOP_LINK)) == f"302 {STOPPED}"
    assert_stopped(alice, mailbox, "link")
    assert at_home.get("/accounts/").status_code == 302


def test_after_a_stop_the_new_second_step_is_not_set_up(alice, clock):
    """Even by whoever was one button away from it."""
    intruder = Visitor()
    recovering.ask(intruder)
    clock.forward(days=8)
    assert recovering.ask(intruder) == f"302 {APP}"
    recovering.add_app(intruder)
    before = recovering.factors_of(alice)
    owner = Visitor()
    owner.get(recovering.stop_link())
    owner.post(STOP_LINK)
    assert recovering.finish(intruder) == "302 /accounts/mfa/recovery/"
    assert recovering.factors_of(alice) == before


def test_after_one_stop_another_request_waits_anew(alice):
    recovering.ask(Visitor())
    owner = Visitor()
    owner.get(recovering.stop_link())
    owner.post(STOP_LINK)
    assert recovering.ask(Visitor()) == SAME_ANSWER
    assert recovering.request_of(alice).state == RecoveryRequest.State.WAITING


@pytest.mark.parametrize(
    "key", ["x", "a" * 20, "a" * 43, "a" * 65, "%00" * 22, "é" * 30, "..%2f" * 6]
)
def test_keys_that_fit_nothing(alice, key):
    recovering.ask(Visitor())
    assert Visitor().get(f"{STOP_LINK}{key}/").status_code in (404, 410)
    assert recovering.request_of(alice).state == RecoveryRequest.State.WAITING


def test_no_key_rests_in_clear(alice):
    recovering.ask(Visitor())
    key = recovering.stop_link().rsplit("/", 2)[1]
    assert key not in str(list(RecoveryStopKey.objects.values()))
