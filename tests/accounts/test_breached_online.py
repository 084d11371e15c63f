"""Asking elsewhere whether a password is known: with little, for a second at most, never in the way."""

from __future__ import annotations

import threading
import time

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import transaction

from accounts.outside import Server
from accounts.passwords import breached_online, policy
from accounts.passwords.breached import sha1
from authsite.environment import Environment
from tests.support import cast
from tests.support.range_service import RangeService, answer, drip, flood, hang, range_of

PASSWORD = "eleven copper weathercocks"
SENTENCE = "This password is known from a data breach elsewhere. Choose a different one."


def server() -> Server:
    """As it is before anybody asked it."""
    return Server("It", at_once=breached_online.AT_ONCE, most_bytes=breached_online.MOST_BYTES)


@pytest.fixture
def service(settings, monkeypatch):
    monkeypatch.setattr(breached_online, "service", server())
    with RangeService() as service:
        settings.BREACHED_RANGE_URL = service.url
        yield service


def all_calls_ended() -> bool:
    """Every thread gave its place back; waits for it, no longer than a call may take."""
    deadline = time.monotonic() + 10
    while breached_online.service.inside and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    return not breached_online.service.inside


def test_it_is_off(settings):
    assert settings.BREACHED_RANGE_URL == ""
    policy.check(PASSWORD)


def test_a_known_password_is_refused_in_the_same_words(service):
    service.act = answer(range_of(PASSWORD))
    with pytest.raises(ValidationError) as refused:
        policy.check(PASSWORD)
    assert refused.value.messages == [SENTENCE]


def test_five_digits_leave_the_site_and_padding_is_asked_for(service):
    policy.check(PASSWORD)
    (asked,) = service.asked
    digest = sha1(PASSWORD).hex().upper()
    assert asked.startswith(f"GET /range/{digest[:5]} HTTP/1.1\r\n")
    assert "Add-Padding: true" in asked
    assert digest[5:] not in asked.upper() and PASSWORD not in asked
    for telling in ("cookie", "referer", "testserver", "northgate"):
        assert telling not in asked.lower()


def test_padding_is_no_hit(service):
    service.act = answer(range_of(PASSWORD, count=0))
    policy.check(PASSWORD)


def test_nothing_is_asked_about_what_is_refused_anyway(service):
    with pytest.raises(ValidationError):
        policy.check("passwordpassword")
    assert service.asked == []


@pytest.mark.parametrize(
    "act",
    [
        answer(b"<html>Sign in to the guest network</html>"),
        answer(b""),
        answer(b"\xff" * 4096),
        answer(range_of(PASSWORD) + b"\nrubbish"),
        answer(range_of(PASSWORD), head="HTTP/1.1 500 Oh"),
        answer(range_of(PASSWORD), head="HTTP/1.1 206 Part"),
        answer(b"", head="HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/"),
        answer(b"", head="NONSENSE"),
        answer(b"", head="HTTP/1.1 200 OK\r\n" + "A" * 70_000 + ": b"),
        answer(b"", head="HTTP/1.1 200 OK\r\n" + "\r\n".join(["a: b"] * 200)),
        lambda service, visitor: None,
        flood,
    ],
    ids=[
        "page", "empty", "bytes", "half rubbish", "500", "206", "redirect", "nonsense", "long header",
        "many headers", "nothing", "flood",
    ],
)  # fmt: skip
def test_whatever_is_no_answer_lets_the_password_pass(service, act):
    service.act = act
    policy.check(PASSWORD)
    assert breached_online.service.failures == 1
    assert len(service.asked) == 1  # and no other address was asked
    assert all_calls_ended()


@pytest.mark.parametrize(
    "act",
    [hang, drip(b""), drip(b"HTTP/1.1 200 OK\r\nX-A: "), drip(b"HTTP/1.1 200 OK\r\n\r\n")],
    ids=["hangs", "drips", "drips a header", "drips a body"],
)
def test_a_service_that_does_not_come_to_an_end_is_left(service, act):
    service.act = act
    policy.check(PASSWORD)
    assert breached_online.service.failures == 1
    assert all_calls_ended()


def test_nobody_answers_at_all(service):
    service.__exit__()
    policy.check(PASSWORD)
    assert breached_online.service.failures == 1


def test_after_three_failures_it_is_left_alone_and_then_tried_once(service, monkeypatch):
    service.act = answer(b"rubbish")
    for _ in range(5):
        policy.check(PASSWORD)
    assert len(service.asked) == 3
    breached_online.service.open_until = time.monotonic()  # the minute is over
    policy.check(PASSWORD)
    policy.check(PASSWORD)
    assert len(service.asked) == 4
    service.act = answer(range_of(PASSWORD))
    breached_online.service.open_until = time.monotonic()
    for _ in range(2):
        with pytest.raises(ValidationError):
            policy.check(PASSWORD)


def test_while_two_wait_a_third_does_not(service):
    service.act = hang
    breaker = breached_online.service
    assert breaker.enter() and breaker.enter()
    policy.check(PASSWORD)
    assert service.asked == []
    breaker.leave()
    policy.check(PASSWORD)
    assert len(service.asked) == 1


def test_a_question_that_cannot_be_put_gives_its_place_back(service, settings):
    settings.BREACHED_RANGE_URL = "https://127.0.0.1:99999/"  # the settings would not take it
    for _ in range(breached_online.AT_ONCE + 1):
        policy.check(PASSWORD)
    assert not breached_online.service.inside


@pytest.mark.django_db(transaction=True)
def test_it_is_never_asked_inside_a_transaction(service):
    with transaction.atomic():
        policy.check(PASSWORD)
    assert service.asked == []
    policy.check(PASSWORD)
    assert len(service.asked) == 1


@pytest.mark.django_db
def test_signing_in_asks_nobody(client, alice, service):
    service.act = answer(range_of(cast.PASSWORD))
    answered = client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert answered["Location"] == "/accounts/"
    assert service.asked == []


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        ("", True),
        ("https://api.pwnedpasswords.com/range/", True),
        ("http://127.0.0.1:8080/range", True),
        ("http://api.pwnedpasswords.com/range/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("ftp://example.org/", False),
        ("https://", False),
        ("https://user:word@example.org/", False),
        ("https://example.org/?a=b", False),
        ("https://example.org:99999/", False),
        ("api.pwnedpasswords.com/range/", False),
    ],
)
def test_the_setting_takes_https(tmp_path, monkeypatch, value, fine):
    monkeypatch.setenv("BREACHED_RANGE_URL", value)
    environment = Environment(tmp_path / "none")
    if fine:
        assert environment.secure_url("BREACHED_RANGE_URL", "") == value
    else:
        with pytest.raises(ImproperlyConfigured, match="BREACHED_RANGE_URL"):
            environment.secure_url("BREACHED_RANGE_URL", "")
