"""Signing in by a mailed code: off by default, the same road as a password, the same answer for all."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.gates.gates import Verdict
from accounts.models import KnownDevice, OutgoingMail, SentCode, Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.pages import errors_of, text_of
from tests.support.race import outcome
from tests.support.stored import columns
from tests.support.upper_room import RIDDLE, STAGE
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN, ASK, CONFIRM = "/accounts/login/", "/accounts/login/code/", "/accounts/login/code/confirm/"
WRONG = {"code": "BBBB-BBBB"}


@pytest.fixture(autouse=True)
def by_code(settings):
    settings.POLICY_SIGN_IN_BY_CODE = True


def ask(browser: Visitor, login: str = "alice@example.org", **others: str):
    return browser.post(ASK, {"login": login, **others})


def enter(browser: Visitor, code: str):
    return browser.post(CONFIRM, {"code": code})


def is_in(browser: Visitor) -> bool:
    return browser.get("/accounts/").status_code == 200


def events() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("event", flat=True))


def closed(facts):
    return Verdict("closed", "not_today")


def test_the_whole_way(client, alice, mailbox):
    page = client.get(LOGIN).content.decode()
    assert f'href="{ASK}"' in page and "Email me a sign-in code" in page
    assert client.get(ASK).status_code == 200
    assert outcome(ask(client)) == f"302 {CONFIRM}"
    told = text_of(client.get(CONFIRM))
    assert "If alice@example.org has an account, a code is on its way. It works for 10" in told
    letter = mailbox.latest(alice.email)
    assert letter.kind == "sign_in_code" and letter.code not in letter.subject
    assert "Firefox on Linux" in letter.text and "127.0.0.1" in letter.text
    assert "We will never ask you for this code. Do not pass it on." in letter.text
    assert outcome(enter(client, letter.code.lower().replace("-", " "))) == "302 /accounts/"
    assert is_in(client)
    assert events() == [Event.SIGN_IN_CODE_REQUESTED.value, Event.SIGNED_IN.value]
    assert Entry.objects.last().facts == {"method": "code"}
    session = Session.objects.get(user=alice)
    assert [proof["method"] for proof in session.proved] == ["code"]
    assert KnownDevice.objects.filter(user=alice).count() == 1
    assert "sign_in_code" not in client.session


@pytest.mark.parametrize("path", [ASK, CONFIRM])
@pytest.mark.parametrize("method", ["get", "post", "head"])
def test_there_is_no_such_page_unless_it_is_wanted(client, alice, settings, path, method):
    ask(client)
    letters = OutgoingMail.objects.count()
    settings.POLICY_SIGN_IN_BY_CODE = False
    assert getattr(client, method)(path, {"login": "alice", **WRONG}).status_code == 404
    assert OutgoingMail.objects.count() == letters
    assert "sign-in code" not in client.get(LOGIN).content.decode()


def test_opening_a_page_sends_nothing_and_keeps_nothing(client, alice):
    for path in (ASK, CONFIRM, ASK + "?login=alice"):
        client.get(path)
        client.head(path)
    assert not OutgoingMail.objects.exists() and not Session.objects.exists()
    assert outcome(client.get(CONFIRM)) == f"302 {ASK}"
    assert outcome(enter(client, "BBBB-BBBB")) == f"302 {ASK}"


def test_whoever_is_signed_in_goes_on(client, alice):
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert outcome(client.get(ASK + "?next=/accounts/profile/")) == "302 /accounts/profile/"
    assert outcome(ask(client)) == "302 /accounts/" == outcome(enter(client, "BBBB-BBBB"))
    assert not SentCode.objects.exists()


@pytest.mark.parametrize(
    ("typed", "to"),
    [
        ("alice", "alice@example.org"),
        ("Second@Example.org", "second@example.org"),
        ("waiting@example.org", None),
    ],
)
def test_the_code_goes_to_the_confirmed_address_that_was_typed(client, alice, mailbox, typed, to):
    EmailAddress.objects.create(user=alice, email="second@example.org", verified=True)
    EmailAddress.objects.create(user=alice, email="waiting@example.org", verified=False)
    ask(client, typed)
    if to is None:
        assert [(letter.kind, letter.to) for letter in mailbox.all()] == [("no_account", typed)]
        return
    assert mailbox.latest().to == to
    enter(client, mailbox.latest().code)
    assert is_in(client)


def test_it_is_no_sign_up(client, db, mailbox):
    ask(client, "new@example.org")
    assert mailbox.kinds() == ["no_account"]
    assert outcome(enter(client, "BBBB-BBBB")).startswith("200 That code is not right.")
    assert not User.objects.exists()


def test_a_person_without_a_password_gets_in(client, alice, mailbox):
    alice.set_unusable_password()
    alice.save()
    ask(client)
    enter(client, mailbox.latest().code)
    assert is_in(client)


def test_a_code_works_in_the_browser_that_asked_and_once(another_browser, alice, mailbox):
    owner, thief = another_browser(), another_browser()
    ask(thief)
    ask(owner)
    code = mailbox.latest().code
    assert "That code is not right." in errors_of(enter(thief, code))
    assert outcome(enter(owner, code)) == "302 /accounts/"
    owner.post("/accounts/logout/")
    assert outcome(enter(owner, code)) == f"302 {ASK}"
    ask(owner)
    assert "That code is not right." in errors_of(enter(owner, code))


def test_a_code_runs_out(client, alice, mailbox, clock):
    ask(client)
    clock.forward(minutes=10, seconds=1)
    assert "That code is not right." in errors_of(enter(client, mailbox.latest().code))
    assert not is_in(client)


def test_a_new_code_can_be_asked_for_after_a_minute(client, alice, mailbox, still_clock):
    ask(client)
    first = mailbox.latest().code
    still_clock.forward(seconds=18)
    early = client.post(ASK, {"login": "alice@example.org"}, follow=True)
    assert early.status_code == 200
    assert "You can ask for another code in 42 seconds." in text_of(early)
    assert 'data-seconds="42"' in early.content.decode()
    assert mailbox.kinds() == ["sign_in_code"]
    still_clock.forward(seconds=42)
    page = client.post(ASK, {"login": "alice@example.org"}, follow=True)
    assert "another code is on its way. Earlier codes still work." in text_of(page)
    assert mailbox.kinds() == ["sign_in_code"] * 2
    enter(client, first)
    assert is_in(client)
    assert not SentCode.objects.filter(spent_at=None).exists()


def test_a_stage_holds_it(settings, client, alice, mailbox):
    settings.ROOT_URLCONF = "tests.support.upper_room"
    settings.LOGIN_STAGES = [STAGE]
    ask(client, next="/accounts/profile/")
    assert outcome(enter(client, mailbox.latest().code)) == f"302 {RIDDLE}"
    assert client.get("/accounts/").status_code == 302
    assert not Session.objects.filter(user=alice).exists()
    assert Event.SIGNED_IN.value not in events()
    client.post(RIDDLE, {"answer": "silence"})
    assert is_in(client)


def test_a_demanded_password_holds_it_and_a_breached_one_that_nobody_typed_does_not(
    client, another_browser, alice, mailbox, breach
):
    ask(client)
    enter(client, mailbox.latest().code)
    assert is_in(client)
    User.objects.update(password_must_change=timezone.now())
    other = another_browser()
    ask(other)
    answer = enter(other, mailbox.latest().code)
    assert outcome(answer) == "302 /accounts/password/required/"
    assert not is_in(other)


def test_gates_of_higher_rooms_are_asked(settings, client, alice, mailbox):
    settings.LOGIN_GATES = [f"{__name__}.closed"]
    ask(client)
    code = mailbox.latest().code
    assert "That code is not right." in errors_of(enter(client, code))
    assert not is_in(client) and Entry.objects.last().facts == {"reason": "refused"}
    settings.LOGIN_GATES = []
    assert "That code is not right." in errors_of(enter(client, code))  # it is used up


def test_whoever_was_switched_off_meanwhile_stays_out(client, alice, mailbox):
    ask(client)
    User.objects.update(is_active=False)
    assert "That code is not right." in errors_of(enter(client, mailbox.latest().code))
    assert not is_in(client)


def test_a_code_dies_when_the_way_in_changes(client, another_browser, alice, mailbox):
    ask(client)
    code = mailbox.latest().code
    home = another_browser()
    home.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    new = "nine lanterns over the marsh"
    fields = {"oldpassword": cast.PASSWORD, "password1": new, "password2": new}
    home.post("/accounts/password/change/", fields)
    assert "That code is not right." in errors_of(enter(client, code))


def test_where_the_person_wanted_to_go_is_kept(client, alice, mailbox):
    page = client.get(LOGIN + "?next=/accounts/profile/?a=1%26b=2").content.decode()
    link = f"{ASK}?next=%2Faccounts%2Fprofile%2F%3Fa%3D1%26b%3D2"
    assert f'href="{link}"' in page
    assert 'name="next" value="/accounts/profile/?a=1&amp;b=2"' in client.get(link).content.decode()
    ask(client, next="/accounts/profile/?a=1&b=2")
    answer = enter(client, mailbox.latest().code)
    assert outcome(answer) == "302 /accounts/profile/?a=1&b=2"


def test_nobody_is_led_elsewhere(client, alice, mailbox):
    ask(client, next="https://evil.example/")
    assert outcome(enter(client, mailbox.latest().code)) == "302 /accounts/"


def test_what_a_program_fills_is_answered_alike_and_nothing_leaves(client, alice, mailbox):
    assert outcome(ask(client, website="http://spam.example")) == f"302 {CONFIRM}"
    assert mailbox.kinds() == [] and events() == [Event.SIGN_IN_CODE_TRAPPED.value]
    assert SentCode.objects.get().user is None


def test_the_session_and_the_tables_hold_nothing_in_clear(client, alice, mailbox):
    ask(client)
    code = mailbox.latest().code
    enter(client, "BBBB-BBBB")
    stored = list(columns())
    for secret in (code, code.replace("-", ""), client.session["sent_code_binding"]):
        assert not any(secret in text.text for text in stored)
