"""P12: a passkey is offered now and then, and not for ever."""

from __future__ import annotations

import pytest

from mfa.models import PasskeyOffer
from tests.support import cast, passkey
from tests.support.pages import text_of
from tests.support.passkey import MANAGE, Authenticator
from tests.support.race import outcome
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN, OVERVIEW, OFFER = "/accounts/login/", "/accounts/", "/accounts/mfa/webauthn/offer/"


def signed_in() -> Visitor:
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    return browser


def is_offered(browser: Visitor) -> bool:
    return f'data-offer="{OFFER}"' in browser.get(OVERVIEW).content.decode()


def test_whoever_typed_a_password_and_has_none_is_led_there_from_the_overview(alice):
    browser = signed_in()
    assert is_offered(browser)
    page = text_of(browser.get(OFFER))
    assert "Sign in faster with your face, fingerprint or screen lock" in page
    assert "Not now" in page and "Do not ask again" in page and "Create a passkey" in page


def test_three_times_in_all_and_once_in_thirty_days(alice, clock):
    for _ in range(3):
        assert is_offered(signed_in())
        signed_in().get(OFFER)
        assert not is_offered(signed_in())
        clock.forward(hours=29 * 24)
        assert not is_offered(signed_in())
        clock.forward(hours=25)
    assert not is_offered(signed_in())
    assert PasskeyOffer.objects.get().times == 3


def test_not_now_is_kept_on_the_account(alice):
    browser = signed_in()
    browser.get(OFFER)
    assert outcome(browser.post(OFFER, {"answer": "later"})) == f"302 {OVERVIEW}"
    assert not is_offered(signed_in())
    assert not PasskeyOffer.objects.get().is_declined


def test_do_not_ask_again_is_for_good_and_everywhere(alice, clock):
    browser = signed_in()
    browser.get(OFFER)
    browser.post(OFFER, {"answer": "never"})
    assert "You will not be asked again." in text_of(browser.get(OVERVIEW))
    clock.forward(hours=31 * 24)
    assert not is_offered(signed_in())


def test_looking_at_it_unasked_counts_no_oftener(alice):
    browser = signed_in()
    for _ in range(4):
        assert browser.get(OFFER).status_code == 200
    assert PasskeyOffer.objects.get().times == 1


def test_whoever_has_one_is_asked_nothing(alice):
    device = Authenticator()
    passkey.give(alice, device)
    browser = signed_in()
    assert not is_offered(browser)
    assert outcome(browser.get(OFFER)) == "302 /accounts/mfa/"
    other = Visitor()
    passkey.sign_in(other, device)
    assert not is_offered(other)


def test_nobody_is_asked_where_they_may_have_none(alice, settings):
    settings.POLICY_TWO_STEP = "off"
    browser = signed_in()
    assert not is_offered(browser)
    assert outcome(browser.get(OFFER)) == "302 /accounts/mfa/"


def test_one_made_from_the_offer_says_where_to_find_it(alice):
    browser = signed_in()
    asked = passkey.begin(browser, passkey.BEGIN_ADD)
    code = passkey.posted(asked, Authenticator().create(asked["publicKey"]))
    browser.post(passkey.ADD, {"code": code, "offer": "1"})
    assert "Next time, choose it in the email field." in text_of(browser.get(MANAGE))


def test_the_overview_pays_little_for_it(alice, statements_of):
    """Once a session, and then nothing."""
    browser = signed_in()
    with statements_of() as made:
        browser.get(OVERVIEW)
    assert len([sql for sql in made.sql if "passkeyoffer" in sql]) == 1
    with statements_of() as made:
        browser.get(OVERVIEW)
    assert not [sql for sql in made.sql if "mfa_passkey" in sql]
