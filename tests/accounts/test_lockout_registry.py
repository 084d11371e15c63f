"""Every url that takes a secret, or sends a letter, is registered with its limits, and they close it.

The urls come from the resolver: a new one fails here until it is registered
(accounts/lockout/registry.py) or stands among those that take no secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, count
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.http import HttpResponse
from django.utils import timezone

from accounts.lockout import limits, registry
from accounts.models import KnownDevice, Tally, User
from tests.support import cast, limited, passkey_roads, recovering, second_step_roads, urls
from tests.support import required_password as required
from tests.support.limited import TAKES_NO_SECRET, Road
from tests.support.mailbox import Mailbox
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

# Behind a session of staff; sensitive acts ask for the password (test_fresh_proof.py).
STAFF = "admin"

LOGIN, BY_CODE = "/accounts/login/", "/accounts/login/code/"
CONFIRM, LINK = "/accounts/confirm-email/", "/accounts/confirm-email/link/"
UNLOCK, CODE, RESET = "/accounts/unlock/", "/accounts/unlock/code/", "/accounts/password/reset/"
SIGN_UP, EMAIL = "/accounts/signup/", "/accounts/email/"
WRONG, CHOSEN = "not hers at all, really", "nine lanterns over the marsh"
FROM_OUTSIDE = (LOGIN, recovering.ASK)
WRONG_CODE = {"code": "BBBB-BBBB"}
FEW = 10  # what the limits of an hour are set to
numbers = count()


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    settings.BOT_CHECK = "off"
    second_step_roads.settings_of(settings)
    settings.POLICY_LINKS_PER_HOUR = settings.POLICY_RESETS_PER_HOUR = FEW
    settings.POLICY_SIGNUPS_PER_HOUR = FEW
    settings.POLICY_SIGN_IN_BY_CODE = True
    return still_clock


def sign_up(browser: Visitor, email: str = "sam@example.org") -> HttpResponse:
    return browser.post(SIGN_UP, {"name": "Sam", "email": email, "password1": CHOSEN})


def at_home(*, known: bool = False) -> Visitor:
    """Alice's browser, signed in; not `known`, it is what a thief of her session has."""
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    if not known:
        del browser.cookies["__Host-device"]
    return browser


def password(path: str, field: str, **others: str) -> Callable[..., Road]:
    def road(*, known: bool = False) -> Road:
        browser = at_home(known=known) if path not in FROM_OUTSIDE else Visitor()

        def send(secret: str) -> HttpResponse:
            return browser.post(path, {**others, field: secret})

        return Road(3, lambda: send(WRONG), lambda: send(cast.PASSWORD))

    return road


def required_password() -> Road:
    """The old password is offered as the new one; one network has half of the tries."""
    User.objects.update(password_must_change=timezone.now())
    required.sign_in(browser := Visitor())
    offer = partial(required.choose, browser)
    return Road(15, lambda: offer(cast.PASSWORD), offer)


def code_of_a_sign_up() -> Road:
    browser = Visitor()
    sign_up(browser)
    code = Mailbox().latest().code
    return Road(
        10, lambda: browser.post(CONFIRM, WRONG_CODE), lambda: browser.post(CONFIRM, {"code": code})
    )


def code_of_an_address() -> Road:
    browser = at_home()
    browser.post(EMAIL, {"email": "spare@example.org"})
    code = Mailbox().latest("spare@example.org").code
    return Road(
        10, lambda: browser.post(CONFIRM, WRONG_CODE), lambda: browser.post(CONFIRM, {"code": code})
    )


def password_of_a_sign_up() -> Road:
    sign_up(Visitor())
    elsewhere = Visitor()
    elsewhere.get(Mailbox().latest().link)
    return Road(
        10,
        lambda: elsewhere.post(LINK, {"password": WRONG}),
        lambda: elsewhere.post(LINK, {"password": CHOSEN}),
    )


def another_letter() -> Road:
    """One network has half of the letters of a mailbox; the first left with the sign-up."""
    browser = Visitor()
    sign_up(browser)
    send = partial(browser.post, CONFIRM, {"action": "resend"})
    return Road(2, send, send)


def code_to_sign_in() -> Road:
    """A wrong code is a try at the account like a wrong password, known or not."""
    browser = Visitor()
    browser.post(BY_CODE, {"login": "alice"})
    code = Mailbox().latest().code

    def send(typed: str) -> HttpResponse:
        return browser.post(BY_CODE + "confirm/", {"code": typed})

    return Road(3, lambda: send("BBBB-BBBB"), lambda: send(code))


def code_of_an_unlock_letter() -> Road:
    browser = Visitor()
    browser.post(UNLOCK, {"login": "alice"})
    code = Mailbox().latest().code
    return Road(
        30, lambda: browser.post(CODE, WRONG_CODE), lambda: browser.post(CODE, {"code": code})
    )


def key(ask: Callable[[], Any], path: str) -> Callable[[], Road]:
    """A link of a letter, and others like it that never were in one."""

    def road() -> Road:
        ask()
        link = Mailbox().latest().link
        return Road(
            FEW,
            lambda: Visitor().get(path.format(f"{next(numbers):024}")),
            lambda: Visitor().get(link),
            closed=302,
        )

    return road


def letters(path: str, field: str, **others: str) -> Callable[[], Road]:
    """One network asks for letters, to Alice and then to ever other names."""

    def road() -> Road:
        names = chain(["alice"], (f"person{number}" for number in numbers))

        def send() -> HttpResponse:
            return Visitor().post(path, {**others, field: f"{next(names)}@example.org"})

        return Road(FEW, send, send)

    return road


def letters_to_an_address() -> Road:
    """One account has half of the letters of a mailbox."""
    browser = at_home()
    send = partial(browser.post, EMAIL, {"email": "spare@example.org"})
    return Road(3, send, send)


PASSWORDS = {
    "mfa_recovery": password(recovering.ASK, "password", login="alice"),
    "account_login": password(LOGIN, "password", login="alice"),
    "account_reauthenticate": password("/accounts/reauthenticate/", "password"),
    "account_change_password": password(
        "/accounts/password/change/", "oldpassword", password1=CHOSEN, password2=CHOSEN
    ),
}


def _walked(walk: second_step_roads.Walk) -> Road:
    return Road(*walk(at_home))


ROADS: dict[tuple[str, str], Callable[[], Road]] = {
    **{(url, "password"): road for url, road in PASSWORDS.items()},
    ("account_request_login_code", "letter"): letters(BY_CODE, "login"),
    ("account_confirm_login_code", "code"): code_to_sign_in,
    ("account_password_required", "new password"): required_password,
    ("account_email_verification_sent", "code of a sign-up"): code_of_a_sign_up,
    ("account_email_verification_sent", "code of an address"): code_of_an_address,
    ("account_email_verification_sent", "letter of a sign-up"): another_letter,
    ("account_confirm_link", "password of a sign-up"): password_of_a_sign_up,
    ("account_confirm_email", "key"): key(lambda: sign_up(Visitor()), CONFIRM + "{}/"),
    ("account_unlock", "letter"): letters(UNLOCK, "login"),
    ("account_unlock_code", "code"): code_of_an_unlock_letter,
    ("account_unlock_key", "key"): key(
        lambda: Visitor().post(UNLOCK, {"login": "alice"}), UNLOCK + "{}/"
    ),
    ("account_reset_password", "letter"): letters(RESET, "login"),
    ("account_reset_by_text", "text"): letters(RESET + "text/", "login"),
    ("account_reset_password_from_key", "key"): key(
        lambda: Visitor().post(RESET, {"login": "alice"}), RESET + "key/1-{}/"
    ),
    ("mfa_recovery", "letter"): letters(recovering.ASK, "login", password=WRONG),
    ("mfa_recovery_code", "code"): limited.code_of_a_recovery,
    ("mfa_recovery_stop_key", "key"): key(limited.ask_for_a_recovery, recovering.STOP_LINK + "{}/"),
    ("account_undo_key", "key"): key(limited.change_something, "/accounts/undo/{}/"),
    ("letter_check", "reference"): limited.reference_of_a_letter,
    ("account_undo", "proof from before a change"): limited.proof_from_before,
    ("account_signup", "letter"): letters(SIGN_UP, "email", name="Sam", password1=CHOSEN),
    ("account_email", "letter"): letters_to_an_address,
    ("account_username", "username"): limited.usernames,
    ("account_data_export", "copy"): limited.copies_of_ones_data,
    ("account_data_download", "download"): limited.downloads_of_ones_data,
    **passkey_roads.roads(Road),
    **{which: partial(_walked, walk) for which, walk in second_step_roads.WALKS.items()},
}


def is_for_staff(name: str) -> bool:
    return name.partition(":")[0].partition("/")[0] == STAFF and name not in TAKES_NO_SECRET


def test_every_url_is_registered_or_takes_no_secret(client, ada):
    """Pages that only show answer 405."""
    client.post(LOGIN, {"login": "ada", "password": cast.PASSWORD})
    every = urls.paths()
    registered = {one.url for one in registry.covered()}
    assert not registered & TAKES_NO_SECRET.keys()
    assert registered | TAKES_NO_SECRET.keys() <= every.keys()
    for name in every.keys() - registered - TAKES_NO_SECRET.keys():
        assert is_for_staff(name) or client.post(every[name]).status_code == 405, name


def test_every_registration_is_walked_and_names_limits_that_there_are():
    assert {(one.url, one.takes) for one in registry.covered()} == ROADS.keys()
    with pytest.raises(ValueError):
        registry.cover("account_login", "nothing")


@pytest.fixture(params=registry.covered(), ids=lambda one: f"{one.url}, {one.takes}")
def one(request, alice) -> Iterator[registry.Covered]:
    return request.param


def test_its_limits_close_it_for_wrong_secrets_and_for_a_right_one_that_can_be_guessed(one, clock):
    road = ROADS[one.url, one.takes]()
    answers = [road.wrong().status_code for _ in range(road.answered)]
    assert 429 not in answers and max(answers) < 500, answers
    spent = set(Tally.objects.values_list("budget", flat=True))
    spent |= {limits.ACCOUNT_ON_NETWORK} if AccessAttempt.objects.exists() else set()
    assert set(one.limits) - {limits.KNOWN_DEVICES} <= spent
    refused = road.wrong()
    assert refused.status_code == 429 and int(refused["Retry-After"]) >= 1
    assert road.right().status_code == road.closed
    clock.forward(hours=1, seconds=1)
    assert road.right().status_code in (200, 302, 410)  # what ran out meanwhile says so itself


@pytest.mark.parametrize("url", PASSWORDS)
def test_a_known_device_spends_the_tries_of_known_devices(alice, url, clock):
    road = PASSWORDS[url](known=True)
    if path := {"account_login": LOGIN, "mfa_recovery": recovering.ASK}.get(url, ""):
        device = at_home(known=True)
        device.post("/accounts/logout/")
        road.wrong = lambda: device.post(path, {"login": "alice", "password": WRONG})
        road.right = lambda: device.post(path, {"login": "alice", "password": cast.PASSWORD})
    # There the answer is the same for all, and leads on.
    looked_at = 302 if url == "mfa_recovery" else 200
    assert [road.wrong().status_code for _ in range(4)] == [looked_at] * 3 + [429]
    assert KnownDevice.objects.get().failures == 3
    guesses = Tally.objects.exclude(count=0).filter(budget__in=registry.PASSWORD)
    counts = dict(guesses.values_list("budget", "count"))
    assert counts == {limits.KNOWN_DEVICES: 3}
    assert road.right().status_code == 429
    clock.forward(seconds=1)
    assert road.right().status_code == 302
