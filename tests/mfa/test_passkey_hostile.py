"""Answers that no authenticator gave: a sentence, nothing changed, never a 5xx."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Session
from audit.events import Event
from audit.models import Entry
from mfa.models import Passkey
from tests.support import cast, passkey, second_steps
from tests.support.passkey import (
    ADD,
    BEGIN_ADD,
    BEGIN_SIGN_IN,
    BEGIN_STEP_UP,
    MANAGE,
    SIGN_IN,
    STEP_UP,
    Authenticator,
)
from tests.support.race import outcome
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"


@pytest.fixture
def device(alice) -> Authenticator:
    one = Authenticator()
    passkey.give(alice, one)
    return one


@pytest.fixture
def at_home(alice) -> Visitor:
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    return browser


def nobody_is_signed_in() -> bool:
    return not Session.objects.exclude(user=None).exists()


WRONG_ENDS = {
    "another origin": {"origin": "https://evil.example"},
    "a subdomain": {"origin": "https://evil.testserver"},
    "plain http": {"origin": "http://testserver"},
    "another site": {"site": "evil.example"},
}


@pytest.mark.parametrize("facts", WRONG_ENDS.values(), ids=WRONG_ENDS)
def test_an_answer_for_another_place_is_none(client, at_home, device, facts):
    for name, value in facts.items():
        setattr(device, name, value)
    assert outcome(passkey.sign_in(client, device)) == f"302 {LOGIN}"
    assert client.get("/accounts/").status_code == 302
    before = Passkey.objects.count()
    assert outcome(passkey.add(at_home, Authenticator(**facts))) == f"302 {MANAGE}"
    assert Passkey.objects.count() == before


def test_without_checking_who_holds_it_none_is_made(at_home):
    passkey.add(at_home, Authenticator(verifies=False))
    assert not Passkey.objects.exists()


def test_one_that_cannot_be_found_by_its_device_is_not_kept(at_home):
    lie = {"clientExtensionResults": {"credProps": {"rk": False}}}
    passkey.add(at_home, Authenticator(), **lie)
    assert not Passkey.objects.exists()


def test_a_key_that_nothing_can_be_checked_with_is_not_kept(at_home):
    class Odd(Authenticator):
        public_key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32})

    passkey.add(at_home, Odd())
    assert not Passkey.objects.exists()


@pytest.mark.parametrize("length", [0, 1024])
def test_an_identifier_has_a_length(at_home, length):
    passkey.add(at_home, Authenticator(credential_id=b"x" * length))
    assert not Passkey.objects.exists()


def test_an_answer_is_good_once(device):
    browser = Visitor()
    asked = passkey.begin(browser, BEGIN_SIGN_IN)
    code = passkey.posted(asked, device.get(asked["publicKey"]))
    assert outcome(browser.post(SIGN_IN, {"code": code})) == "302 /accounts/"
    browser.post("/accounts/logout/")
    assert outcome(browser.post(SIGN_IN, {"code": code})) == f"302 {LOGIN}"
    assert browser.get("/accounts/").status_code == 302


def test_a_failed_answer_uses_the_question_up(client, device):
    asked = passkey.begin(client, BEGIN_SIGN_IN)
    right = device.get(asked["publicKey"])
    wrong = {**right, "response": {**right["response"], "signature": "AAAA"}}
    client.post(SIGN_IN, {"code": passkey.posted(asked, wrong)})
    assert outcome(client.post(SIGN_IN, {"code": passkey.posted(asked, right)})) == f"302 {LOGIN}"
    assert client.get("/accounts/").status_code == 302


def test_an_answer_belongs_to_the_browser_that_asked(client, device):
    asked = passkey.begin(Visitor(), BEGIN_SIGN_IN)
    code = passkey.posted(asked, device.get(asked["publicKey"]))
    passkey.begin(client, BEGIN_SIGN_IN)
    assert outcome(client.post(SIGN_IN, {"code": code})) == f"302 {LOGIN}"
    assert nobody_is_signed_in()


def test_another_question_of_this_browser_does_not_fit(client, device):
    asked, other = (passkey.begin(client, BEGIN_SIGN_IN) for _ in range(2))
    code = passkey.posted(other, device.get(asked["publicKey"]))
    assert outcome(client.post(SIGN_IN, {"code": code})) == f"302 {LOGIN}"
    assert nobody_is_signed_in()


def test_six_pages_wait_and_the_oldest_is_forgotten(client, device):
    asked = [passkey.begin(client, BEGIN_SIGN_IN) for _ in range(6)]
    codes = [passkey.posted(one, device.get(one["publicKey"])) for one in asked]
    assert outcome(client.post(SIGN_IN, {"code": codes[0]})) == f"302 {LOGIN}"
    assert outcome(client.post(SIGN_IN, {"code": codes[1]})) == "302 /accounts/"


def test_a_question_for_one_purpose_answers_no_other(alice, device, clock):
    """Asked for a fresh proof, answered as a sign-in, and the other way round."""
    browser = Visitor()
    first = passkey.begin(browser, BEGIN_SIGN_IN)
    passkey.sign_in(browser, device)
    clock.forward(minutes=4)
    code = passkey.posted(first, device.get(first["publicKey"]))
    second_steps.give_codes(alice)
    answer = browser.post(STEP_UP, {"code": code})
    assert outcome(answer).startswith("200 That took too long.")
    step_up = passkey.begin(browser, BEGIN_STEP_UP)
    made = passkey.begin(browser, BEGIN_ADD)
    browser.post("/accounts/logout/")
    for asked in (step_up, made):
        code = passkey.posted(asked, device.get(asked["publicKey"]))
        assert outcome(browser.post(SIGN_IN, {"code": code})) == f"302 {LOGIN}"
    assert nobody_is_signed_in()


def test_what_was_asked_of_somebody_else_answers_nothing(alice, bob, device):
    """The session was hers when the question was asked, and is his when it is answered."""
    browser = Visitor()
    passkey.sign_in(browser, device)
    asked = passkey.begin(browser, BEGIN_ADD)
    code = passkey.posted(asked, Authenticator().create(asked["publicKey"]))
    browser.post("/accounts/logout/")
    browser.post(LOGIN, {"login": "bob", "password": cast.PASSWORD})
    assert outcome(browser.post(ADD, {"code": code})) == f"302 {MANAGE}"
    assert not Passkey.objects.filter(user=bob).exists()


def test_questions_are_posted_for_and_carry_the_sites_own_token(client, alice):
    for path in (BEGIN_SIGN_IN, BEGIN_ADD, BEGIN_STEP_UP, passkey.BEGIN_STEP, SIGN_IN):
        assert client.get(path).status_code in (302, 405), path
    strict = Visitor(enforce_csrf_checks=True)
    for path in (BEGIN_SIGN_IN, SIGN_IN, passkey.BEGIN_STEP):
        assert strict.post(path, {"code": "{}"}).status_code == 403, path


ODD_TEXTS = [
    "",
    "null",
    "[]",
    "{}",
    "\x00",
    "{" * 20_000,
    "[" * 30_000,
    '{"ceremony": 1, "credential": {}}',
    '{"ceremony": "x", "credential": []}',
    '{"ceremony": "x", "credential": {"rawId": "\\ud800"}}',
    '{"ceremony": "x", "credential": {"rawId": 7}}',
    f'{{"ceremony": "x", "credential": {{"rawId": "{"A" * 2000}"}}}}',
    '{"ceremony": "x", "credential": {"rawId": "A"}}',
    "9" * 10_000,
    '{"ceremony": "' + "x" * 33_000 + '", "credential": {}}',
    "｛｝",
]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_what_is_no_answer_gets_a_sentence(client, at_home, device, text):
    assert outcome(client.post(SIGN_IN, {"code": text})) == f"302 {LOGIN}"
    assert 'role="alert"' in client.get(LOGIN).content.decode()
    assert outcome(at_home.post(ADD, {"code": text})) == f"302 {MANAGE}"
    assert at_home.post(STEP_UP, {"code": text}).status_code == 200
    assert Passkey.objects.count() == 1


def test_a_huge_body_is_refused_before_it_is_read(client, device):
    assert client.post(SIGN_IN, {"code": "x" * 300_000}).status_code in (400, 413)


def test_no_challenge_stands_in_clear_anywhere(client, device, alice):
    asked = passkey.begin(client, BEGIN_SIGN_IN)["publicKey"]
    kept = repr(list(Session.objects.values_list())) + repr(list(Entry.objects.values_list()))
    assert asked["challenge"] not in kept
    assert not Entry.objects.filter(event=Event.SIGNED_IN).exists()


# --- whatever comes --------------------------------------------------------------------------------

PARTS = (
    *("clientDataJSON", "authenticatorData", "attestationObject", "signature"),
    *("userHandle", "transports"),
)
PLACES = (
    *("id", "rawId", "type", "response"),
    *("clientExtensionResults", "authenticatorAttachment"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*PLACES, *PARTS, "credProps", "rk"]), inner, max_size=6)
    ),
    max_leaves=25,
)
FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def spoiled(good: dict, place: str, part: str, odd: object) -> dict:
    """One good answer with a part of it replaced by anything."""
    if place == "response" and part:
        return {**good, "response": {**good["response"], part: odd}}
    return {**good, place: odd}


@FEW
@given(place=st.sampled_from(PLACES), part=st.sampled_from(["", *PARTS]), odd=JSON)
def test_whatever_comes_as_a_proof(at_home, device, place, part, odd):
    asked = passkey.begin(at_home, BEGIN_STEP_UP)
    answer = spoiled(device.get(asked["publicKey"]), place, part, odd)
    code = passkey.posted(asked, answer)
    assert at_home.post(STEP_UP, {"code": code}).status_code in (200, 302)


@FEW
@given(place=st.sampled_from(PLACES), part=st.sampled_from(["", *PARTS]), odd=JSON)
def test_whatever_comes_as_a_new_passkey(at_home, place, part, odd):
    Passkey.objects.all().delete()
    asked = passkey.begin(at_home, BEGIN_ADD)
    answer = spoiled(Authenticator().create(asked["publicKey"]), place, part, odd)
    assert at_home.post(ADD, {"code": passkey.posted(asked, answer)}).status_code == 302


@FEW
@given(data=st.binary(max_size=300), odd=JSON)
def test_whatever_bytes_come_as_an_attestation(at_home, data, odd):
    whole = cbor2.dumps({"fmt": odd, "attStmt": odd, "authData": data})
    for statement in (data, whole):
        asked = passkey.begin(at_home, BEGIN_ADD)
        lie = {"attestationObject": passkey.write(statement)}
        good = Authenticator().create(asked["publicKey"], **lie)
        assert at_home.post(ADD, {"code": passkey.posted(asked, good)}).status_code == 302
    assert not Passkey.objects.exists()
