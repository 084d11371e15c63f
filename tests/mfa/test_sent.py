"""Codes that are sent as a second step: off by default, and by POST alone."""

from __future__ import annotations

import pytest

from accounts.models import OutgoingMail, SentCode, User
from audit import sealing
from audit.events import Event
from audit.models import Entry
from authsite.text_url import text_transport
from mfa.devices import sent_codes
from mfa.models import MailedCode, TextedCode
from tests.support import cast, roads, second_steps
from tests.support.race import outcome, race
from tests.support.roads import STEP
from tests.support.texts import code_of_the_last
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
NUMBER, SECURITY = "+447400123456", "/accounts/mfa/"
TEXT_ON, MAIL_ON = "/accounts/mfa/sms/activate/", "/accounts/mfa/email/activate/"


@pytest.fixture
def sending(settings, tmp_path):
    settings.POLICY_MAILED_CODES = settings.POLICY_TEXTED_CODES = True
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}")


def give(user: User, way: str) -> User:
    if way == "mailed_code":
        MailedCode.objects.create(user=user, name="email")
    else:
        sent_codes.row_of(user, NUMBER).save()
    second_steps.give_codes(user)
    return user


def waiting(who: str = "alice") -> Visitor:
    browser = Visitor()
    assert outcome(roads.by_password(browser, who)) == f"302 {STEP}"
    return browser


def last_code(way: str, mailbox) -> str:
    return mailbox.latest().code if way == "mailed_code" else code_of_the_last()


WAYS = ["mailed_code", "texted_code"]


@pytest.mark.parametrize("page", [TEXT_ON, MAIL_ON])
def test_both_are_off_by_default(client, alice, page):
    roads.by_password(client, "alice")
    assert client.get(page).status_code == 404
    text = client.get(SECURITY).content.decode()
    assert "Text message" not in text and "Email code" not in text


@pytest.mark.parametrize("way", WAYS)
def test_a_code_is_sent_by_post_and_signs_in_once(sending, alice, mailbox, way):
    give(alice, way)
    browser = waiting()
    page = browser.get(STEP).content.decode()
    assert "Send code" in page and not SentCode.objects.exists()
    assert outcome(browser.post(STEP, {"send": way})) == f"302 {STEP}?method={way}"
    code = last_code(way, mailbox)
    wrong = {"method": way, "code": "000000" if way == "texted_code" else "BBBB-BBBB"}
    assert outcome(browser.post(STEP, wrong)).startswith("200 That code is not right")
    assert outcome(browser.post(STEP, {"method": way, "code": code})) == "302 /accounts/"
    entry = Entry.objects.filter(event=Event.SIGNED_IN).last()
    assert entry.facts == {"method": "password", "second": way}
    again = waiting()
    assert again.post(STEP, {"method": way, "code": code}).status_code == 200


@pytest.mark.parametrize("way", WAYS)
def test_a_code_works_in_the_browser_that_asked(sending, alice, mailbox, way):
    give(alice, way)
    browser, thief = waiting(), waiting()
    browser.post(STEP, {"send": way})
    code = last_code(way, mailbox)
    assert thief.post(STEP, {"method": way, "code": code}).status_code == 200
    assert outcome(browser.post(STEP, {"method": way, "code": code})) == "302 /accounts/"


@pytest.mark.parametrize("way", WAYS)
def test_another_code_takes_a_minute_and_the_first_works_still(sending, alice, mailbox, way, clock):
    give(alice, way)
    browser = waiting()
    browser.post(STEP, {"send": way})
    first = last_code(way, mailbox)
    browser.post(STEP, {"send": way})
    assert OutgoingMail.objects.count() == 1
    page = browser.get(f"{STEP}?method={way}").content.decode()
    assert "You can ask for another code in" in page
    clock.forward(seconds=61)
    browser.post(STEP, {"send": way})
    assert OutgoingMail.objects.count() == 2
    assert outcome(browser.post(STEP, {"method": way, "code": first})) == "302 /accounts/"


@pytest.mark.parametrize("way", WAYS)
def test_a_code_that_has_run_out_is_told_so_and_one_new_one_goes_out_by_itself(
    sending, settings, alice, mailbox, way, clock
):
    settings.POLICY_CODE_MINUTES = 2
    give(alice, way)
    browser, thief = waiting(), waiting()
    browser.post(STEP, {"send": way})
    late = {"method": way, "code": last_code(way, mailbox)}
    clock.forward(seconds=121)
    assert outcome(thief.post(STEP, late)).startswith("200 That code is not right")
    assert OutgoingMail.objects.count() == 1
    page = browser.post(STEP, late).content.decode()
    assert "That code has run out. We have sent a new one to the same place." in page
    assert OutgoingMail.objects.count() == 2
    clock.forward(seconds=61)
    page = browser.post(STEP, late).content.decode()
    assert "That code has run out. Ask for a new one." in page
    assert OutgoingMail.objects.count() == 2
    new = {"method": way, "code": last_code(way, mailbox)}
    clock.forward(seconds=20)
    assert outcome(browser.post(STEP, new)) == "302 /accounts/"
    again = waiting()
    assert outcome(again.post(STEP, new)).startswith("200 That code is not right")


@pytest.mark.parametrize("way", WAYS)
def test_a_late_code_is_a_wrong_one_to_every_count(sending, settings, alice, mailbox, way, clock):
    """Whoever tries old codes has no more tries than whoever makes some up."""
    settings.POLICY_CODE_MINUTES = 2
    give(alice, way)
    browser = waiting()
    browser.post(STEP, {"send": way})
    late = {"method": way, "code": last_code(way, mailbox)}
    clock.forward(seconds=121)
    answers = [browser.post(STEP, late).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    held = {"mailed_code": MailedCode, "texted_code": TextedCode}[way].objects.get(user=alice)
    assert held.stranger_failures + held.known_failures == 3


def test_texts_to_one_number_have_a_limit_that_a_thief_cannot_use_up_for_the_owner(
    sending, alice, clock
):
    """Whoever has the password asks for all the texts of a stranger; a known device has its own."""
    owner = Visitor()
    roads.by_password(owner, "alice")
    owner.post("/accounts/logout/")
    give(alice, "texted_code")
    thief = waiting()
    answers = []
    for _ in range(5):
        answers.append(thief.post(STEP, {"send": "texted_code"}).status_code)
        clock.forward(seconds=61)
    assert answers[-1] == 429 and answers[0] == 302
    roads.by_password(owner, "alice")
    assert owner.post(STEP, {"send": "texted_code"}).status_code == 302
    code = code_of_the_last()
    assert outcome(owner.post(STEP, {"method": "texted_code", "code": code})) == "302 /accounts/"


def test_setting_up_texts_proves_the_number(sending, client, alice, mailbox):
    roads.by_password(client, "alice")
    assert client.get(TEXT_ON).status_code == 200
    bad = client.post(TEXT_ON, {"number": "12"})
    assert b"Enter a mobile number with its country code" in bad.content
    assert outcome(client.post(TEXT_ON, {"number": "+44 7400 123456"})) == f"302 {TEXT_ON}"
    page = client.get(TEXT_ON).content.decode()
    assert "3456" in page and "7400 123" not in page
    assert outcome(client.post(TEXT_ON, {"code": "000000"})).startswith("200 That code")
    done = client.post(TEXT_ON, {"code": code_of_the_last()})
    assert outcome(done) == "302 /accounts/mfa/recovery-codes/generate/"
    held = TextedCode.objects.get()
    assert held.opened_number == NUMBER and NUMBER not in held.number
    assert mailbox.kinds() == ["factor_changed"]
    client.get("/accounts/mfa/recovery-codes/generate/")
    client.post("/accounts/mfa/recovery-codes/generate/", {"saved": "on"})
    alice.refresh_from_db()
    assert alice.two_step_on
    assert client.get("/accounts/").status_code == 200
    assert outcome(client.post("/accounts/mfa/sms/deactivate/")) == f"302 {SECURITY}"
    alice.refresh_from_db()
    assert not alice.two_step_on


def test_setting_up_mailed_codes(sending, client, alice, mailbox):
    roads.by_password(client, "alice")
    client.get(MAIL_ON)
    assert mailbox.kinds() == []
    client.post(MAIL_ON, {"send": "1"})
    done = client.post(MAIL_ON, {"code": mailbox.latest().code})
    assert outcome(done) == "302 /accounts/mfa/recovery-codes/generate/"
    assert MailedCode.objects.filter(user=alice).exists()


def test_what_is_sent_is_no_second_step_for_staff(sending, settings):
    """A code that is sent meets no demand on staff."""
    from mfa import factors, policy

    user = cast.person("erin", is_staff=True)
    held = factors.Factors(texted=TextedCode(), codes=factors.of(user).codes, codes_left=10)
    assert not held.meet(policy.demand_on(user))


def test_a_number_that_was_moved_gets_nothing(sending, alice, bob):
    give(alice, "texted_code")
    give(bob, "texted_code")
    TextedCode.objects.filter(user=bob).update(number=TextedCode.objects.get(user=alice).number)
    with pytest.raises(sealing.SealBroken):
        _ = TextedCode.objects.get(user=bob).opened_number


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
def test_one_sent_code_raced_by_many_opens_one_session(settings, tmp_path, mailbox, way):
    settings.POLICY_MAILED_CODES = settings.POLICY_TEXTED_CODES = True
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}")
    user = give(cast.person("alice"), way)
    browser = waiting()
    browser.post(STEP, {"send": way})
    code = last_code(way, mailbox)
    racers = [Visitor() for _ in range(10)]
    for racer in racers:
        racer.cookies["__Host-session"] = browser.cookies["__Host-session"].value
    form = {"method": way, "code": code}
    outcomes = race(lambda number: outcome(racers[number].post(STEP, form)), len(racers))
    assert outcomes.count("302 /accounts/") == 1, outcomes
    assert not any(one.startswith("5") for one in outcomes), outcomes
    assert user.sessions.count() == 1


@pytest.mark.parametrize(
    "page", [TEXT_ON, MAIL_ON, "/accounts/mfa/sms/deactivate/", "/accounts/mfa/email/deactivate/"]
)
def test_setting_up_and_giving_up_take_a_fresh_proof(sending, client, alice, clock, page):
    roads.by_password(client, "alice")
    clock.forward(minutes=6)
    for form in ({"send": "1"}, {"number": NUMBER}, {"code": "000000"}, {}):
        answer = client.post(page, form)
        assert outcome(answer).startswith("302 /accounts/reauthenticate/?next="), form
    letters = OutgoingMail.objects.exclude(letter="new_device")
    assert not SentCode.objects.exists() and not letters.exists()
