"""A4: a person's telephone number, proved by a texted code."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ReauthenticationRequired

from accounts.flows import phone
from accounts.models import ChangeSet, OutgoingMail, Phone, SentCode, User
from accounts.models.phone import row_of
from accounts.sessions.store import SessionStore
from accounts.undo import parts, sets
from audit.models import Entry
from authsite.text_url import text_transport
from mfa.models import TextedCode
from tests.support import cast
from tests.support.pages import errors_of, text_of
from tests.support.race import outcome, race
from tests.support.texts import code_of_the_last
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PHONE, CHANGE, VERIFY = "/accounts/phone/", "/accounts/phone/change/", "/accounts/phone/verify/"
NUMBER, OTHER, MASKED = "+447400123456", "+447400123999", "+44 •••• ••3456"
AGAIN = "/accounts/reauthenticate/"


@pytest.fixture(autouse=True)
def texts(settings, tmp_path):
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}")


@pytest.fixture
def browser(alice) -> Visitor:
    return signed_in("alice")


def signed_in(who: str) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": who, "password": cast.PASSWORD})
    return browser


def begin(browser: Visitor, number: str = NUMBER) -> str:
    """The code that was texted."""
    assert outcome(browser.post(CHANGE, {"number": number})) == f"302 {VERIFY}"
    return code_of_the_last()


def give(user: User, number: str = NUMBER) -> None:
    row_of(user.pk, number).save()


def number_of(user: User) -> str:
    return Phone.objects.get(user=user).opened_number


def facts_of(event: str) -> list[dict[str, object]]:
    return [entry.facts for entry in Entry.objects.filter(event=event)]


def test_a_number_is_kept_once_its_code_is_typed(browser, alice, mailbox):
    code = begin(browser)
    assert not Phone.objects.exists()
    page = text_of(browser.get(VERIFY))
    assert MASKED in page and NUMBER not in page
    assert outcome(browser.post(VERIFY, {"code": code})) == f"302 {PHONE}"
    assert number_of(alice) == NUMBER
    page = text_of(browser.get(PHONE))
    assert MASKED in page and NUMBER not in page and "Confirmed" in page
    assert MASKED in text_of(browser.get("/accounts/email/"))
    assert facts_of("account.phone_added") == [{}]
    letter = mailbox.latest("alice@example.org")
    assert MASKED in letter.text and "0123456" not in letter.text


def test_it_rests_sealed_and_nothing_in_the_trail_has_it(browser, alice):
    browser.post(VERIFY, {"code": begin(browser)})
    assert NUMBER[-6:] not in Phone.objects.get().number
    for entry in Entry.objects.all():
        assert NUMBER[-6:] not in str(entry.facts)
    assert NUMBER[-6:] not in ChangeSet.objects.get().former


def test_every_confirmed_address_hears_of_a_change_and_of_a_removal(browser, alice, mailbox):
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    give(alice)
    browser.post(VERIFY, {"code": begin(browser, OTHER)})
    for address in ("alice@example.org", "spare@example.org"):
        letter = mailbox.latest(address)
        assert "Your phone number at Northgate was changed" in letter.subject
        assert MASKED in letter.text and "+44 •••• ••3999" in letter.text
    browser.post(PHONE)
    assert not Phone.objects.exists()
    assert "was removed from your account" in mailbox.latest("spare@example.org").text
    assert facts_of("account.phone_changed") == facts_of("account.phone_removed") == [{}]


def test_changing_and_removing_ask_for_a_fresh_proof(browser, alice, clock):
    give(alice)
    clock.forward(minutes=6)
    for answer in (
        browser.get(CHANGE),
        browser.post(CHANGE, {"number": OTHER}),
        browser.post(PHONE),
        browser.get(VERIFY),
    ):
        assert answer["Location"].startswith(AGAIN)
    assert number_of(alice) == NUMBER and not SentCode.objects.exists()


@pytest.mark.parametrize(
    "deed",
    [lambda r: phone.begin(r, OTHER), lambda r: phone.confirm(r, "123456"), phone.remove],
    ids=["begin", "confirm", "remove"],
)
def test_the_flow_itself_asks_for_a_fresh_proof(rf, browser, alice, clock, deed):
    give(alice)
    clock.forward(minutes=6)
    request = rf.post("/")
    request.user = alice
    request.session = SessionStore(browser.cookies["__Host-session"].value)
    request.client_ip, request.request_id, request.device_label = "127.0.0.1", "x", "Firefox"
    with pytest.raises(ReauthenticationRequired):
        deed(request)


def test_a_code_works_in_the_browser_that_asked_alone(browser, alice):
    code = begin(browser)
    elsewhere = signed_in("alice")
    assert outcome(elsewhere.post(VERIFY, {"code": code})) == f"302 {CHANGE}"
    session = elsewhere.session
    session["phone_begun"] = {"user": alice.pk, "number": NUMBER}
    session.save()
    assert outcome(elsewhere.post(VERIFY, {"code": code})).startswith("200 That code is not right")
    assert not Phone.objects.exists()


def test_a_code_proves_the_number_it_was_sent_to_and_no_other(browser, alice):
    code = begin(browser, NUMBER)
    begin(browser, OTHER)
    assert outcome(browser.post(VERIFY, {"code": code})).startswith("200 That code is not right")
    assert not Phone.objects.exists()
    assert facts_of("account.phone_failed") == [{}]


def test_a_code_of_another_purpose_proves_no_number(browser, alice, settings):
    settings.POLICY_TEXTED_CODES = True
    browser.post("/accounts/mfa/sms/activate/", {"number": NUMBER})
    code = code_of_the_last()
    session = browser.session
    session["phone_begun"] = {"user": alice.pk, "number": NUMBER}
    session.save()
    assert browser.post(VERIFY, {"code": code}).status_code == 200
    assert not Phone.objects.exists()


def test_another_code_takes_a_minute_and_three_go_out_in_an_hour(browser, alice, clock):
    begin(browser)
    page = browser.post(VERIFY, {"send": "1"}, follow=True)
    assert "You can ask for another code in" in text_of(page)
    for _ in range(2):
        clock.forward(seconds=61)
        assert outcome(browser.post(VERIFY, {"send": "1"})) == f"302 {VERIFY}"
    assert OutgoingMail.objects.filter(letter="code").count() == 3
    clock.forward(seconds=61)
    assert browser.post(VERIFY, {"send": "1"}).status_code == 429
    assert OutgoingMail.objects.filter(letter="code").count() == 3


def test_a_number_of_a_country_that_is_not_served_is_refused_by_name(browser, settings):
    settings.TEXT_COUNTRIES = ["IE"]
    said = errors_of(browser.post(CHANGE, {"number": NUMBER}))
    assert "We cannot text numbers in United Kingdom. Use an authenticator app." in said


HOSTILE = [
    "call me",
    "9" * 10_000,
    "+44\u202e7400123456x",
    "\u0301" * 10_000,
    "=cmd()",
    "+44 7400\n123456\x00",
    "<b>+447400123456</b>",
    "+1900" + "5551234",
    "999",
    "📱",
]


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_number_is_refused_in_words(browser, typed):
    said = errors_of(browser.post(CHANGE, {"number": typed}))
    assert "Enter a mobile number with its country code, like \u2066+44 7700 900123\u2069." in said
    assert not SentCode.objects.exists()


@pytest.mark.parametrize(
    "typed", ["+٤٤٧٤٠٠١٢٣٤٥٦", "\u202a+44 7400 123456\u202c", "0044 (7400) 123-456"]
)
def test_digits_of_any_script_and_marks_around_them_are_read(browser, alice, typed):
    browser.post(VERIFY, {"code": begin(browser, typed)})
    assert number_of(alice) == NUMBER


def test_the_same_number_again_is_said_to_be_theirs(browser, alice):
    give(alice)
    said = errors_of(browser.post(CHANGE, {"number": NUMBER}))
    assert "This is your number already." in said


def test_several_people_may_have_one_number_and_it_is_no_name(browser, alice, bob):
    give(bob)
    browser.post(VERIFY, {"code": begin(browser)})
    assert number_of(alice) == number_of(bob) == NUMBER
    answer = Visitor().post("/accounts/login/", {"login": NUMBER, "password": cast.PASSWORD})
    assert answer.status_code == 200


def test_there_is_no_such_page_where_nobody_is_texted_but_a_number_can_go(browser, alice, settings):
    settings.TEXT_TRANSPORT = {}
    assert browser.get(PHONE).status_code == browser.get(CHANGE).status_code == 404
    assert "Phone number" not in text_of(browser.get("/accounts/email/"))
    give(alice)
    assert "Change number" not in text_of(browser.get(PHONE))
    browser.post(PHONE)
    assert not Phone.objects.exists()


def test_an_undone_change_puts_the_former_number_back(browser, alice):
    give(alice)
    browser.post(VERIFY, {"code": begin(browser, OTHER)})
    row = ChangeSet.objects.get(kind="phone")
    former = sets.former_of(row)["phone"]
    assert former["number"] == NUMBER and number_of(alice) == OTHER
    parts.every()["phone"].put_back(alice, former)
    assert number_of(alice) == NUMBER


def test_a_number_that_does_not_open_is_no_number(browser, alice):
    Phone.objects.create(user=alice, number=row_of(alice.pk + 1, NUMBER).number)
    assert "Your account has no phone number" in text_of(browser.get(PHONE))
    browser.post(VERIFY, {"code": begin(browser)})
    assert number_of(alice) == NUMBER


@pytest.mark.parametrize("path", [PHONE, CHANGE])
def test_its_pages_cost_few_statements(browser, alice, path, django_assert_max_num_queries):
    give(alice)
    with django_assert_max_num_queries(6):
        browser.get(path)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_type_one_code_at_once_one_confirms_it(alice):
    browser = signed_in("alice")
    code = begin(browser)
    tabs = []
    for _ in range(8):
        tab = Visitor()
        for name in ("__Host-session", "__Host-device"):
            tab.cookies[name] = browser.cookies[name].value
        tabs.append(tab)
    told = race(lambda n: outcome(tabs[n].post(VERIFY, {"code": code})), len(tabs))
    assert told.count(f"302 {PHONE}") == 1
    assert all(not one.startswith("5") for one in told)
    assert Phone.objects.count() == Entry.objects.filter(event="account.phone_added").count() == 1


@pytest.fixture
def second_steps_by_text(settings):
    settings.POLICY_TEXTED_CODES = True


TEXT_ON = "/accounts/mfa/sms/activate/"


def test_a_confirmed_number_is_offered_for_the_second_step_and_not_proved_again(
    second_steps_by_text, browser, alice
):
    give(alice)
    assert f"Use {MASKED}" in text_of(browser.get(TEXT_ON))
    assert browser.post(TEXT_ON, {"own": "1"}).status_code == 302
    assert TextedCode.objects.get(user=alice).opened_number == NUMBER
    assert not SentCode.objects.exists()
    browser.post(PHONE)
    assert not Phone.objects.exists()
    assert TextedCode.objects.get(user=alice).opened_number == NUMBER


def test_without_one_there_is_nothing_to_offer(second_steps_by_text, browser, alice):
    assert "Or use another number" not in text_of(browser.get(TEXT_ON))
    assert browser.post(TEXT_ON, {"own": "1"}).status_code == 200
    assert not TextedCode.objects.exists()


def test_the_page_says_that_the_second_step_keeps_its_number(second_steps_by_text, browser):
    assert "It stays the same when you change or remove this one" in text_of(browser.get(PHONE))
