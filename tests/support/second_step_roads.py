"""The roads to the secrets of second steps, for the walk over the registry
(tests/accounts/test_lockout_registry.py): each returns how often a wrong one is looked at, how a wrong
one and the right one are sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from django.http import HttpResponse
from django.test import override_settings

from accounts.models import User, phone
from tests.support import cast, second_steps
from tests.support.mailbox import Mailbox
from tests.support.texts import code_of_the_last
from tests.support.visitor import Visitor

STEP, AGAIN = "/accounts/mfa/authenticate/", "/accounts/mfa/reauthenticate/?method=app"
TEXTS, MAILED = "/accounts/mfa/sms/activate/", "/accounts/mfa/email/activate/"
PHONE, PHONE_CODE = "/accounts/phone/change/", "/accounts/phone/verify/"
RESET = "/accounts/password/reset/text/"
MUST = "/accounts/phone/required/"
Sent = Callable[[], HttpResponse]
Walk = Callable[[Callable[[], Visitor]], tuple[int, Sent, Sent]]


def at_the_step(at_home: Callable[[], Visitor]) -> tuple[int, Sent, Sent]:
    """Three guesses, then a pause, of whoever knows the password."""
    alice = User.objects.get(username="alice")
    second_steps.give_app(alice)
    return _codes(_at_the_step(), STEP, alice)


def again(at_home: Callable[[], Visitor]) -> tuple[int, Sent, Sent]:
    alice = User.objects.get(username="alice")
    second_steps.give_app(alice)
    browser = _at_the_step()
    code = second_steps.as_if_later(alice)
    browser.post(STEP, {"method": "app", "code": code})
    del browser.cookies["__Host-device"]
    return _codes(browser, AGAIN, alice)


def _at_the_step() -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    return browser


def _codes(browser: Visitor, path: str, user: User) -> tuple[int, Sent, Sent]:
    def send(code: str) -> HttpResponse:
        return browser.post(path, {"method": "app", "code": code})

    return 3, lambda: send("000000"), lambda: send(second_steps.as_if_later(user))


def texts(at_home: Callable[[], Visitor], path: str = TEXTS) -> tuple[int, Sent, Sent]:
    """One person gets twice what one number does, to whatever numbers."""
    browser, numbers = at_home(), count(7400123400)

    def send() -> HttpResponse:
        return browser.post(path, {"number": f"+44{next(numbers)}"})

    return 6, send, send


def code_of_a_text(
    at_home: Callable[[], Visitor], path: str = TEXTS, confirm: str = TEXTS
) -> tuple[int, Sent, Sent]:
    browser = at_home()
    browser.post(path, {"number": "+447400123456"})
    return _sent(browser, confirm, "000000", code_of_the_last())


def text_of_whoever_must(at_home: Callable[[], Visitor]) -> tuple[int, Sent, Sent]:
    with override_settings(POLICY_PHONE_REQUIRED=True):
        browser = _at_the_step()
    return _while_required(texts(lambda: browser, MUST))


def code_of_whoever_must(at_home: Callable[[], Visitor]) -> tuple[int, Sent, Sent]:
    with override_settings(POLICY_PHONE_REQUIRED=True):
        browser = _at_the_step()
        return _while_required(code_of_a_text(lambda: browser, MUST, MUST))


def _while_required(walk: tuple[int, Sent, Sent]) -> tuple[int, Sent, Sent]:
    answered, wrong, right = walk

    def required(send: Sent) -> Sent:
        return override_settings(POLICY_PHONE_REQUIRED=True)(send)

    return answered, required(wrong), required(right)


def code_of_a_reset(at_home: Callable[[], Visitor]) -> tuple[int, Sent, Sent]:
    phone.row_of(User.objects.get(username="alice").pk, "+447400123456").save()
    browser = Visitor()
    browser.post(RESET, {"login": "alice"})
    return _sent(browser, f"{RESET}code/", "000000", code_of_the_last())


def code_of_a_letter(at_home: Callable[[], Visitor]) -> tuple[int, Sent, Sent]:
    browser = at_home()
    browser.post(MAILED, {"send": "1"})
    return _sent(browser, MAILED, "BBBB-BBBB", Mailbox().latest().code)


def _sent(browser: Visitor, path: str, wrong: str, right: str) -> tuple[int, Sent, Sent]:
    return (
        3,
        lambda: browser.post(path, {"code": wrong}),
        lambda: browser.post(path, {"code": right}),
    )


WALKS: dict[tuple[str, str], Walk] = {
    ("mfa_authenticate", "second step"): at_the_step,
    ("mfa_reauthenticate", "second step"): again,
    ("mfa_texted_on", "text"): texts,
    ("mfa_texted_on", "code"): code_of_a_text,
    ("account_phone_change", "text"): partial(texts, path=PHONE),
    ("account_phone_verify", "code"): partial(code_of_a_text, path=PHONE, confirm=PHONE_CODE),
    ("account_phone_required", "text"): text_of_whoever_must,
    ("account_phone_required", "code"): code_of_whoever_must,
    ("account_reset_text_code", "code"): code_of_a_reset,
    ("mfa_mailed_on", "code"): code_of_a_letter,
}


def settings_of(settings: Any) -> None:
    settings.POLICY_RESET_BY_TEXT = True
    settings.POLICY_TEXTED_CODES = settings.POLICY_MAILED_CODES = True
    settings.TEXT_TRANSPORT = {"backend": "accounts.texts.senders.Console"}
