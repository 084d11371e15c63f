"""What `user.is_verified()` and `user.otp_device` answer, for everybody behind the middleware."""

from __future__ import annotations

import pytest
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.models import User
from accounts.sessions.store import SessionStore
from accounts.step_up import record
from mfa.middleware import SecondFactorMiddleware
from mfa.models import AuthenticatorApp
from tests.support import second_steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen(rf):
    """`seen(user, "password", "app", device="…")`: the person, as who comes behind finds them."""

    def verified(user: User, *methods: str, device: str = "") -> User:
        request = rf.get("/")
        request.session, request.user = SessionStore(), user
        for method in methods:
            record(request, user, method)
        request.session[DEVICE_ID_SESSION_KEY] = device
        return SecondFactorMiddleware(lambda _: None)._verify_user_sync(request, user)

    return verified


@pytest.mark.parametrize(
    ("second", "of_staff"),
    [
        ("app", True),
        ("passkey", True),
        ("security_key", True),
        ("recovery_code", True),
        ("mailed_code", False),
        ("texted_code", False),
        ("trusted_device", False),
    ],
)
def test_of_staff_nothing_that_is_sent_or_was_left_unasked_is_enough(
    seen, carol, ada, second, of_staff
):
    assert seen(carol, "password", second).is_verified()
    assert seen(ada, "password", second).is_verified() is of_staff


def test_a_password_alone_is_not(seen, carol):
    assert not seen(carol, "password").is_verified()
    assert not seen(carol).is_verified()


def test_the_device_is_the_persons_own(seen, carol, alice):
    hers = AuthenticatorApp.objects.get(user=carol)
    assert seen(carol, "password", "app", device=hers.persistent_id).otp_device == hers
    second_steps.give_app(alice, seed=bytes(20))
    other = AuthenticatorApp.objects.get(user=alice)
    for named in (other.persistent_id, "mfa.authenticatorapp/0", "no.such/1", "x", ""):
        found = seen(carol, "password", "app", device=named).otp_device
        assert not found, named
