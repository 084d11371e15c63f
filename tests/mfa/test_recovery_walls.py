"""Who has the password, the mailbox or both gets nowhere before the wait ends, and nobody ever gets a
session from it."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts.flows import credentials
from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from mfa.models import RecoveryRequest
from tests.support import cast, recovering, second_steps
from tests.support.race import outcome
from tests.support.recovering import (
    APP,
    ASK,
    CODE,
    FINISH,
    LOGIN,
    SAME_ANSWER,
    STEP,
    WRONG_CODE,
)
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

DOWNLOAD = "/accounts/mfa/recovery/download/"
END = (APP, FINISH, DOWNLOAD)
WRONG = "not hers at all, really"
State = RecoveryRequest.State


@pytest.fixture
def alice(db) -> User:
    return recovering.lost("alice")


def assert_nothing_begun() -> None:
    assert not RecoveryRequest.objects.exclude(state=State.VOID).exists()
    assert not Session.objects.exclude(user=None).exists()


def assert_end_is_shut(browser: Visitor) -> None:
    for path in END:
        assert outcome(browser.get(path)) == f"302 {ASK}"
    for path in (APP, FINISH):
        assert outcome(browser.post(path, {"code": "123456", "saved": "on"})) == f"302 {ASK}"


def test_with_the_password_alone(client, alice):
    recovering.prove(client)
    assert outcome(client.post(CODE, {"code": WRONG_CODE})) == SAME_ANSWER
    assert_nothing_begun()
    assert_end_is_shut(client)
    entry = Entry.objects.latest("id")
    assert (entry.event, entry.subject_id) == ("mfa.recovery_code_failed", alice.subject_id)


def test_with_the_mailbox_alone(client, alice, mailbox):
    recovering.prove(client, password=WRONG)
    assert mailbox.kinds() == []
    owner = Visitor()
    recovering.prove(owner)
    assert outcome(client.post(CODE, {"code": recovering.mailed_code()})) == SAME_ANSWER
    assert_nothing_begun()
    assert_end_is_shut(client)


def test_with_a_code_of_another_kind(client, alice, rf):
    """Codes work for what they were sent for."""
    from accounts.flows import sent_codes

    recovering.prove(client)
    request = rf.get("/")
    request.session = client.session
    sent_codes.keep(request, alice, "sign_in", sent_codes.EMAIL, "BCDF-GHJK")
    assert outcome(client.post(CODE, {"code": "BCDF-GHJK"})) == SAME_ANSWER
    assert_nothing_begun()


def test_with_the_code_of_another_browser(client, alice):
    thief = Visitor()
    recovering.prove(client)
    code = recovering.mailed_code()
    recovering.prove(thief)
    assert outcome(thief.post(CODE, {"code": code})) == SAME_ANSWER
    assert_nothing_begun()


def test_with_both_before_the_wait_is_over(client, alice, clock):
    recovering.ask(client)
    before = recovering.factors_of(alice)
    assert_end_is_shut(client)
    clock.forward(days=6, hours=23, minutes=50)
    assert recovering.ask(client) == SAME_ANSWER
    assert_end_is_shut(client)
    assert recovering.factors_of(alice) == before
    sign_in = client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert outcome(sign_in) == f"302 {STEP}"
    assert client.get("/accounts/").status_code == 302


def test_when_it_is_over_the_password_alone_gets_nowhere(client, alice, clock):
    recovering.ask(Visitor())
    clock.forward(days=8)
    recovering.prove(client)
    assert outcome(client.post(CODE, {"code": WRONG_CODE})) == SAME_ANSWER
    assert_end_is_shut(client)


def test_a_code_from_before_the_end_is_none_at_the_end(client, alice, clock):
    """Proved at that moment, not some time."""
    recovering.ask(client)
    clock.forward(days=8)
    assert outcome(client.post(CODE, {"code": recovering.mailed_code()})) == f"302 {ASK}"
    assert_end_is_shut(client)


def ready(client: Visitor, clock) -> None:
    recovering.ask(client)
    clock.forward(days=8)
    assert recovering.ask(client) == f"302 {APP}"


def test_what_was_proved_grows_old(client, alice, clock):
    ready(client, clock)
    recovering.add_app(client)
    clock.forward(minutes=16)
    assert_end_is_shut(client)


def test_the_codes_are_not_saved_before_the_app_is_proved(client, alice, clock):
    ready(client, clock)
    before = recovering.factors_of(alice)
    for path in (FINISH, DOWNLOAD):
        assert client.get(path).status_code == 302
    assert outcome(client.post(FINISH, {"saved": "on"})) == f"302 {APP}"
    wrong = client.post(APP, {"code": "000000"})
    assert outcome(wrong).startswith("200 That code is not right.")
    assert recovering.finish(client) == f"302 {APP}"
    assert recovering.factors_of(alice) == before


def test_nothing_of_it_opens_a_session(client, alice, clock):
    ready(client, clock)
    recovering.add_app(client)
    for path in ("/accounts/", "/accounts/mfa/", "/admin/", "/accounts/mfa/totp/activate/"):
        assert client.get(path).status_code == 302
    recovering.finish(client)
    assert not Session.objects.exclude(user=None).exists()
    assert client.get("/accounts/").status_code == 302


def test_the_visitors_session_gets_a_new_key_with_each_proof(client, alice, clock):
    client.get(ASK)
    keys = [client.cookies.get("__Host-session")]
    recovering.ask(client)
    keys.append(client.cookies["__Host-session"].value)
    clock.forward(days=8)
    recovering.prove(client)
    keys.append(client.cookies["__Host-session"].value)
    client.post(CODE, {"code": recovering.mailed_code()})
    keys.append(client.cookies["__Host-session"].value)
    assert len(set(map(str, keys))) == 4


# --- what happened meanwhile -----------------------------------------------------------------------


def new_password(user: User) -> None:
    with transaction.atomic():
        credentials.moved(user, Event.PASSWORD_CHANGED, request=None, letters=[], end_others=False)


def test_another_change_of_how_the_account_is_reached_ends_it(client, alice, clock):
    recovering.ask(client)
    alice.refresh_from_db()
    new_password(alice)
    alice.refresh_from_db()
    assert recovering.request_of(alice).state == State.EXPIRED
    assert alice.recovery_ready_at is None
    entry = Entry.objects.get(event="mfa.recovery_expired")
    assert entry.facts == {"reason": "credentials_changed"}
    clock.forward(days=8)
    assert recovering.ask(client) == SAME_ANSWER
    assert_end_is_shut(client)


def test_even_between_the_code_and_the_last_button(client, alice, clock):
    ready(client, clock)
    recovering.add_app(client)
    before = recovering.factors_of(alice)
    alice.refresh_from_db()
    new_password(alice)
    assert recovering.finish(client) == f"302 {ASK}"
    assert recovering.factors_of(alice) == before


@pytest.mark.parametrize(
    "change",
    [
        {"credentials_version": 99},
        {"is_active": False},
    ],
)
def test_the_last_button_asks_what_holds_now(client, alice, clock, change):
    """Behind the page that looks first: the flow's own wall."""
    from accounts.errors import CredentialsMoved
    from mfa.flows import recovery_enrolment

    ready(client, clock)
    recovering.add_app(client)
    row = recovering.request_of(alice)
    alice.refresh_from_db()
    enrolment = recovery_enrolment.Enrolment(alice, row, {})
    User.objects.filter(pk=alice.pk).update(**change)
    with pytest.raises(CredentialsMoved), transaction.atomic():
        recovery_enrolment._use_up(enrolment)


@pytest.mark.parametrize("change", [{"state": "stopped"}, {"days": 1}, {"days": -30}])
def test_and_the_request_as_it_is_now(client, alice, clock, change):
    from datetime import timedelta

    from accounts.errors import CredentialsMoved
    from mfa.flows import recovery_enrolment

    ready(client, clock)
    row = recovering.request_of(alice)
    alice.refresh_from_db()
    days = timedelta(days=change.get("days", 0))
    now = clock.forward(seconds=0)
    moments = {
        "requested_at": now + days - timedelta(days=1),
        "ready_at": now + days,
        "ends_at": now + days + timedelta(days=7),
    }
    RecoveryRequest.objects.filter(pk=row.pk).update(
        state=change.get("state", "waiting"), **moments
    )
    with pytest.raises(CredentialsMoved), transaction.atomic():
        recovery_enrolment._use_up(recovery_enrolment.Enrolment(alice, row, {}))


def test_somebody_who_finds_their_second_step_just_signs_in(client, alice):
    recovering.ask(client)
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    right = {"method": "app", "code": second_steps.code_of(alice)}
    assert outcome(browser.post(STEP, right)) == "302 /accounts/"


def test_a_password_that_is_demanded_anew_is_asked_for_after_the_recovery(client, alice, clock):
    recovering.ask(client)
    owner = Visitor()
    owner.get(recovering.stop_link())
    owner.post(recovering.STOP_LINK)
    recovering.ask(client)
    clock.forward(days=8)
    assert recovering.ask(client) == f"302 {APP}"
    seed = recovering.add_app(client)
    assert recovering.finish(client) == f"302 {LOGIN}"
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    clock.forward(seconds=recovering.NEW_SEED_LATER)
    new = {"method": "app", "code": second_steps.code_for(seed)}
    assert outcome(client.post(STEP, new)) == "302 /accounts/password/required/"


def test_the_password_page_is_no_way_around_the_bot_check(client, alice, settings):
    settings.POLICY_NETWORK_FAILURES = 10
    answers = [recovering.prove(Visitor(), f"n{i}@example.org", WRONG) for i in range(10)]
    assert outcome(answers[-1]) == "429 A short check"
