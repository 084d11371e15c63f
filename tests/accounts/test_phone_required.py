"""POLICY_PHONE_REQUIRED: nobody's session opens before they have proved a phone number."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Phone, SentCode, Session, User
from accounts.models.phone import row_of
from audit.models import Entry
from authsite.text_url import text_transport
from tests.support import cast
from tests.support.mailbox import Mailbox
from tests.support.pages import errors_of, text_of
from tests.support.race import outcome
from tests.support.texts import code_of_the_last
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PAGE, PHONE, LOGIN = "/accounts/phone/required/", "/accounts/phone/", "/accounts/login/"
NUMBER = "+447400123456"


@pytest.fixture(autouse=True)
def required(settings, tmp_path):
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}")
    settings.POLICY_PHONE_REQUIRED = True


def sign_in(browser: Visitor, who: str = "alice", **fields: str) -> str:
    return outcome(browser.post(LOGIN, {"login": who, "password": cast.PASSWORD, **fields}))


def is_signed_in(browser: Visitor) -> bool:
    return browser.get("/accounts/").status_code == 200


def prove(browser: Visitor, number: str = NUMBER) -> str:
    assert outcome(browser.post(PAGE, {"number": number})) == f"302 {PAGE}"
    return outcome(browser.post(PAGE, {"code": code_of_the_last()}))


def test_a_sign_up_ends_at_the_page_and_a_number_opens_the_session(client):
    form = {"name": "Sam", "email": "sam@example.org", "password1": "nine lanterns on a marsh"}
    client.post("/accounts/signup/", form)
    key = client.cookies["__Host-session"].value
    answer = client.post("/accounts/confirm-email/", {"code": Mailbox().latest().code})
    assert outcome(answer) == f"302 {PAGE}"
    assert client.cookies["__Host-session"].value != key
    assert not is_signed_in(client)
    assert prove(client) == "302 /accounts/"
    assert is_signed_in(client)
    assert Phone.objects.get().opened_number == NUMBER


def test_who_closes_the_browser_is_asked_at_the_next_sign_in(alice):
    assert sign_in(Visitor()) == sign_in(browser := Visitor()) == f"302 {PAGE}"
    assert not Session.objects.exclude(user=None).exists()
    for path in ("/accounts/", PHONE, "/accounts/phone/change/", "/accounts/email/"):
        assert browser.get(path).status_code == 302
    assert prove(browser) == "302 /accounts/"
    assert sign_in(Visitor()) == "302 /accounts/"


def test_it_leads_on_to_where_one_was_going(client, alice):
    assert sign_in(client, next="/accounts/profile/") == f"302 {PAGE}"
    assert prove(client) == "302 /accounts/profile/"


def test_help_and_giving_up_always_work(client, alice):
    sign_in(client)
    assert client.get("/help/").status_code == 200
    assert client.get(PAGE).status_code == 200
    client.post(PAGE, {"cancel": "1"})
    assert client.get(PAGE)["Location"].startswith(LOGIN)
    assert not is_signed_in(client)


def test_a_wrong_code_opens_nothing_and_is_counted(client, alice):
    sign_in(client)
    client.post(PAGE, {"number": NUMBER})
    said = outcome(client.post(PAGE, {"code": "000000"}))
    assert said.startswith("200 That code is not right")
    assert Entry.objects.filter(event="account.phone_failed").count() == 1
    assert not is_signed_in(client) and not Phone.objects.exists()


def test_bad_numbers_are_refused_in_words(client, alice, settings):
    sign_in(client)
    for typed in ("x" * 10_000, "\u202e+44", "", "12"):
        assert "mobile number" in errors_of(client.post(PAGE, {"number": typed}))
    settings.TEXT_COUNTRIES = ["IE"]
    assert "We cannot text numbers" in errors_of(client.post(PAGE, {"number": NUMBER}))
    assert not SentCode.objects.exists()


def test_the_page_waits_half_an_hour_and_ends_with_other_credentials(client, alice, clock):
    sign_in(client)
    clock.forward(minutes=31)
    assert client.get(PAGE)["Location"].startswith(LOGIN)
    sign_in(client)
    client.post(PAGE, {"number": NUMBER})
    code = code_of_the_last()
    User.objects.update(credentials_version=9)
    assert client.post(PAGE, {"code": code})["Location"].startswith(LOGIN)
    assert not Phone.objects.exists()


def test_another_sign_in_in_the_same_browser_sees_nothing_of_the_first(client, alice, bob):
    sign_in(client)
    client.post(PAGE, {"number": NUMBER})
    client.post(PAGE, {"cancel": "1"})
    assert sign_in(client, "bob") == f"302 {PAGE}"
    assert "3456" not in text_of(client.get(PAGE))


def test_who_has_a_number_is_not_asked_and_cannot_remove_it(client, alice):
    row_of(alice.pk, NUMBER).save()
    assert sign_in(client) == "302 /accounts/"
    assert "Remove number" not in text_of(client.get(PHONE))
    page = client.post(PHONE, follow=True)
    assert "This site asks everybody for a number" in text_of(page)
    assert Phone.objects.exists()


def test_nobody_is_asked_while_no_text_could_reach_them(client, alice, settings):
    settings.TEXT_TRANSPORT = {}
    assert sign_in(client) == "302 /accounts/"


def test_nobody_is_asked_by_default(client, alice, settings):
    settings.POLICY_PHONE_REQUIRED = False
    assert sign_in(client) == "302 /accounts/"


def test_a_held_account_is_asked_for_nothing_that_would_change_it(client, alice):
    User.objects.filter(pk=alice.pk).update(held_since=timezone.now())
    assert sign_in(client).startswith("403")


def test_where_changes_take_a_passkey_a_password_gives_the_account_no_number(client, alice):
    User.objects.filter(pk=alice.pk).update(passkey_for_changes=True)
    assert sign_in(client) == "302 /accounts/"
