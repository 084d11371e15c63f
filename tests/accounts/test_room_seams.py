"""What a higher room hangs on the lower one by LOGIN_STAGES: a stage that really holds a sign-in."""

from __future__ import annotations

import pytest

from accounts import panels
from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast, second_steps, urls
from tests.support.mailbox import Mailbox
from tests.support.race import outcome, race
from tests.support.sensitive import form_of_alice, page_of_alice
from tests.support.upper_room import NO_STAGE, RIDDLE, STAGE
from tests.support.visitor import SECOND_STEP, Visitor

LOGIN, CONFIRM, CHANGE = (
    "/accounts/login/",
    "/accounts/confirm-email/",
    "/accounts/password/change/",
)
NEW_PASSWORD = "nine lanterns over the marsh"
TWICE = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
ANSWER = {"answer": "silence"}


@pytest.fixture(autouse=True)
def an_upper_room(settings):
    settings.ROOT_URLCONF = "tests.support.upper_room"


@pytest.fixture
def riddles(settings):
    settings.LOGIN_STAGES = [NO_STAGE, STAGE, *settings.LOGIN_STAGES]


def knocks(browser: Visitor, who: str = "alice") -> str:
    return outcome(browser.post(LOGIN, {"login": who, "password": cast.PASSWORD}))


def events() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("event", flat=True))


def signed_in_sessions() -> int:
    return Session.objects.filter(user__isnull=False).count()


@pytest.mark.django_db
def test_a_stage_holds_a_sign_in_until_it_is_done(riddles, client, alice):
    assert knocks(client) == f"302 {RIDDLE}"
    assert client.get(RIDDLE).content == b"a riddle for alice"
    held = client.cookies["__Host-session"].value
    client.post(RIDDLE, {"answer": "wrong"})
    alice.refresh_from_db()
    assert (signed_in_sessions(), events(), alice.last_login) == (0, [], None)

    assert outcome(client.post(RIDDLE, ANSWER)) == "302 /accounts/"
    assert client.get("/accounts/").status_code == 200
    entry = Entry.objects.get()
    assert (entry.event, entry.facts) == (
        Event.SIGNED_IN.value,
        {"method": "password", "second": "code"},
    )
    session = Session.objects.get(user=alice)
    assert [proof["method"] for proof in session.proved] == ["password", "code"]
    assert client.cookies["__Host-session"].value != held  # the key that waited opens nothing


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_waits_in_a_stage_is_nobody_on_every_page(riddles, alice, method):
    """Each page answers as it answers a visitor, but the riddle's own and the one that leads there."""
    apart = {"riddle", "account_login"}
    for name, path in urls.paths().items():
        waiting, visitor = Visitor(), Visitor()
        knocks(waiting)
        answers = [outcome_of(getattr(browser, method)(path)) for browser in (waiting, visitor)]
        assert name in apart or answers[0] == answers[1], name
        assert "_auth_user_id" not in waiting.session
    assert signed_in_sessions() == 0
    assert Event.SIGNED_IN.value not in events() and Event.SIGNED_OUT.value not in events()


def outcome_of(answer):
    return answer.status_code, answer.get("Location"), str(answer.wsgi_request.user)


@pytest.mark.django_db
def test_a_stage_holds_a_new_person_too(riddles, client, mailbox):
    client.post("/accounts/signup/", {"email": "sam@example.org", "password1": NEW_PASSWORD})
    assert outcome(client.post(CONFIRM, {"code": mailbox.latest().code})) == f"302 {RIDDLE}"
    assert User.objects.count() == 1 and signed_in_sessions() == 0
    assert outcome(client.post(RIDDLE, ANSWER)) == "302 /accounts/"
    assert signed_in_sessions() == 1


@pytest.mark.django_db
def test_where_the_person_wanted_to_go_is_kept_through_a_stage(riddles, client, alice):
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD, "next": "/accounts/profile/"})
    assert outcome(client.post(RIDDLE, ANSWER)) == "302 /accounts/profile/"


@pytest.mark.django_db
def test_a_stage_is_no_place_of_its_own(riddles, client, alice):
    """Nobody enters it without the proof before it, nor after giving up, nor once it is done."""
    assert outcome(client.post(RIDDLE, ANSWER)) == f"302 {LOGIN}"
    knocks(client)
    assert outcome(client.post(RIDDLE, {"answer": "give up"})) == f"302 {LOGIN}"
    assert outcome(client.post(RIDDLE, ANSWER)) == f"302 {LOGIN}"
    assert signed_in_sessions() == 0
    knocks(client)
    client.post(RIDDLE, ANSWER)
    client.post("/accounts/logout/")
    assert outcome(client.post(RIDDLE, ANSWER)) == f"302 {LOGIN}"
    assert signed_in_sessions() == 0


@pytest.mark.django_db
def test_a_login_that_waits_too_long_is_over(riddles, client, alice, clock):
    knocks(client)
    clock.forward(minutes=14)
    assert client.get(RIDDLE).status_code == 200
    clock.forward(minutes=2)
    assert outcome(client.post(RIDDLE, ANSWER)) == f"302 {LOGIN}"
    assert signed_in_sessions() == 0


def reset(mailbox: Mailbox) -> None:
    browser = Visitor()
    browser.post("/accounts/password/reset/", {"login": "alice"})
    where = browser.get(mailbox.latest().link)["Location"]
    assert outcome(browser.post(where, TWICE)).startswith("302")


def switch_off(mailbox: Mailbox) -> None:
    ada = cast.administrator("ada")
    ada_here = Visitor()
    knocks(ada_here, "ada")
    ada_here.post(RIDDLE, ANSWER)
    ada_here.post(SECOND_STEP, {"method": "app", "code": second_steps.as_if_later(ada)})
    ada_here.post(page_of_alice(), form_of_alice(is_active=""))
    assert not User.objects.get(username="alice").is_active
    ada_here.post("/accounts/logout/")


@pytest.mark.django_db
@pytest.mark.parametrize("meanwhile", [reset, switch_off])
def test_a_login_that_waits_dies_with_the_credentials_it_began_under(
    riddles, client, alice, mailbox, meanwhile
):
    knocks(client)
    meanwhile(mailbox)
    client.post(RIDDLE, ANSWER)
    assert client.get("/accounts/").status_code == 302
    assert signed_in_sessions() == 0
    assert not Entry.objects.filter(actor_id=alice.subject_id, event=Event.SIGNED_IN.value)


@pytest.mark.django_db
def test_a_right_password_is_no_complete_sign_in_for_the_lockout(riddles, client, alice, settings):
    """Or whoever knows the password could try the second step for ever, and guess in between."""
    settings.POLICY_FREE_FAILURES = 1000  # the pause between guesses: test_lockout_pauses.py
    for _ in range(settings.POLICY_FAILURES_PER_NETWORK - 1):
        client.post(LOGIN, {"login": "alice", "password": "not hers at all"})
    assert knocks(client) == f"302 {RIDDLE}"
    Visitor().post(LOGIN, {"login": "alice", "password": "not hers at all"})
    assert knocks(Visitor()).startswith("429")


@pytest.mark.django_db(transaction=True)
def test_a_stage_left_by_many_at_once_opens_one_session(riddles):
    cast.person("alice")
    browser = Visitor()
    knocks(browser)
    tabs = [Visitor() for _ in range(8)]
    for tab in tabs:
        tab.cookies["__Host-session"] = browser.cookies["__Host-session"].value
    outcomes = race(lambda number: outcome(tabs[number].post(RIDDLE, ANSWER)), len(tabs))
    assert outcomes.count("302 /accounts/") == 1
    assert set(outcomes) <= {"302 /accounts/", f"302 {LOGIN}", "403 You are signed out"}
    assert signed_in_sessions() == 1 and events() == [Event.SIGNED_IN.value]


def test_the_menu_stands_in_the_order_of_the_rooms_but_where_an_entry_says_otherwise():
    names = [entry.url_name for entry in panels.menu()]
    assert names == [
        "account_overview", "account_profile", "account_email", "account_change_password",
        "mfa_security", "account_limits", "account_devices", "account_activity", "account_data",
        "admin:index",
    ]  # fmt: skip
