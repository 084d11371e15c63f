"""One question and one counter, answered many times at once, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections import Counter

import pytest

from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from mfa.devices.passkey import MOST
from mfa.models import Passkey, PasskeyOffer
from tests.support import cast, passkey, second_steps
from tests.support.passkey import (
    ADD,
    BEGIN_ADD,
    BEGIN_SIGN_IN,
    BEGIN_STEP,
    SIGN_IN,
    STEP,
    Authenticator,
    security_key,
)
from tests.support.race import outcome, race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

RACERS = 12
LOGIN = "/accounts/login/"


def copies_of(browser: Visitor) -> list[Visitor]:
    """As many tabs of one browser."""
    tabs = [Visitor() for _ in range(RACERS)]
    for tab in tabs:
        tab.cookies.load({name: one.value for name, one in browser.cookies.items()})
    return tabs


@pytest.fixture
def alice() -> User:
    return cast.person("alice")


def test_one_answer_signs_in_once(alice):
    device = Authenticator()
    passkey.give(alice, device)
    browser = Visitor()
    asked = passkey.begin(browser, BEGIN_SIGN_IN)
    code = passkey.posted(asked, device.get(asked["publicKey"]))
    tabs = copies_of(browser)
    answers = Counter(race(lambda n: outcome(tabs[n].post(SIGN_IN, {"code": code})), RACERS))
    assert answers.pop("302 /accounts/") == 1, answers
    assert set(answers) <= {f"302 {LOGIN}", "403 You are signed out"}, answers
    assert Session.objects.filter(user=alice).count() == 1
    assert Entry.objects.filter(event=Event.SIGNED_IN).count() == 1


def test_one_answer_is_one_second_step(alice):
    device = Authenticator()
    passkey.give(alice, device)
    second_steps.give_codes(alice)
    User.objects.update(two_step_on=True)
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    asked = passkey.begin(browser, BEGIN_STEP)
    code = passkey.posted(asked, device.get(asked["publicKey"]))
    tabs = copies_of(browser)
    body = {"method": "passkey", "code": code}
    answers = race(lambda n: outcome(tabs[n].post(STEP, body)), RACERS)
    assert answers.count("302 /accounts/") == 1, answers
    assert max(int(one[:3]) for one in answers) < 500
    assert Session.objects.filter(user=alice).count() == 1


def test_one_new_passkey_is_kept_once(alice):
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    asked = passkey.begin(browser, BEGIN_ADD)
    code = passkey.posted(asked, Authenticator().create(asked["publicKey"]))
    tabs = copies_of(browser)
    answers = race(lambda n: tabs[n].post(ADD, {"code": code}).status_code, RACERS)
    assert max(answers) < 500, answers
    assert Passkey.objects.count() == 1
    assert Entry.objects.filter(event=Event.FACTOR_ADDED).count() == 1


def test_two_accounts_do_not_share_one(alice):
    """The same credential, registered in both at once."""
    cast.person("bob")
    device, codes, browsers = Authenticator(), [], []
    for name in ("alice", "bob"):
        browser = Visitor()
        browser.post(LOGIN, {"login": name, "password": cast.PASSWORD})
        asked = passkey.begin(browser, BEGIN_ADD)
        codes.append(passkey.posted(asked, device.create(asked["publicKey"])))
        browsers.append(browser)
    answers = race(lambda n: browsers[n].post(ADD, {"code": codes[n]}).status_code, 2)
    assert answers == [302, 302]
    assert Passkey.objects.count() == 1


def test_ten_is_ten(alice):
    for _ in range(MOST - 1):
        passkey.give(alice, Authenticator())
    ready = []
    for _ in range(4):
        browser = Visitor()
        browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
        asked = passkey.begin(browser, BEGIN_ADD)
        ready.append((browser, passkey.posted(asked, Authenticator().create(asked["publicKey"]))))
    answers = race(lambda n: ready[n][0].post(ADD, {"code": ready[n][1]}).status_code, 4)
    assert max(answers) < 500, answers
    assert Passkey.objects.count() == MOST


def test_one_count_is_used_once(alice):
    """Different questions, answered by the authenticator and its copies with the same count."""
    device = security_key()
    passkey.give(alice, device)
    ready = []
    for _ in range(6):
        browser = Visitor()
        asked = passkey.begin(browser, BEGIN_SIGN_IN)
        device.sign_count = 6
        ready.append((browser, passkey.posted(asked, device.get(asked["publicKey"]))))
    answers = race(lambda n: outcome(ready[n][0].post(SIGN_IN, {"code": ready[n][1]})), 6)
    assert answers.count("302 /accounts/") <= 1, answers
    assert max(int(one[:3]) for one in answers) < 500, answers
    held = Passkey.objects.get()
    assert (held.confirmed, held.sign_count) == (False, 7)
    assert Entry.objects.filter(event=Event.FACTOR_STOPPED).count() == 1


def test_an_offer_that_is_seen_in_many_tabs_counts_once(alice):
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    tabs = copies_of(browser)
    answers = race(lambda n: tabs[n].get("/accounts/mfa/webauthn/offer/").status_code, RACERS)
    assert set(answers) == {200}
    assert PasskeyOffer.objects.get().times == 1
