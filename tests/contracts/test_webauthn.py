"""What we rely on inside django-otp-webauthn and py_webauthn, and what we do because of it."""

from __future__ import annotations

import inspect
import secrets

import pytest
from django_otp_webauthn import helpers, models, views
from django_otp_webauthn.settings import app_settings
from webauthn import verify_authentication_response
from webauthn.helpers.exceptions import InvalidAuthenticationResponse

from mfa.devices.webauthn import Helper
from mfa.models import Passkey
from tests.support import passkey
from tests.support.passkey import Authenticator


def test_ours_is_the_model_and_the_helper():
    assert helpers.WebAuthnCredential is Passkey
    assert app_settings.OTP_WEBAUTHN_HELPER_CLASS == "mfa.devices.webauthn.Helper"
    assert isinstance(Passkey.get_webauthn_helper(None), Helper)


def test_the_library_saves_by_itself_so_we_do_not_let_it():
    for name in ("register_complete", "authenticate_complete"):
        assert ".save(" in inspect.getsource(getattr(helpers.WebAuthnHelper, name))
        with pytest.raises(RuntimeError):
            getattr(Helper(None), name)(None, {}, {})


def test_its_views_pop_before_they_look_as_ceremonies_do():
    source = inspect.getsource(views.CompleteCredentialAuthenticationView.get_state)
    assert source.index(".pop(") < source.index(".save()") < source.index("raise ")


@pytest.mark.django_db
def test_options_are_what_the_library_makes_of_our_arguments(alice):
    made, state = Helper(None).register_begin(alice)
    assert state.keys() == {"challenge", "require_user_verification"}
    assert state["require_user_verification"] and made["challenge"] == state["challenge"]
    for required in (True, False):
        made, state = Helper(None).authenticate_begin(alice, require_user_verification=required)
        assert made["userVerification"] == ("required" if required else "preferred")
        assert state["require_user_verification"] is required


@pytest.mark.django_db
def test_a_handle_is_64_random_bytes_and_stays(alice, bob):
    handle = models.WebAuthnUserHandle.get_handle_for_user(alice)
    assert len(handle) == 64
    assert models.WebAuthnUserHandle.get_handle_for_user(alice) == handle
    assert models.WebAuthnUserHandle.get_handle_for_user(bob) != handle


def verified(device: Authenticator, *, stored: int, needed: bool = True, **lies):
    challenge = secrets.token_bytes(32)
    answer = device.get({"challenge": passkey.write(challenge)}, **lies)
    return verify_authentication_response(
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=passkey.SITE,
        expected_origin=[passkey.ORIGIN],
        credential_public_key=device.public_key,
        credential_current_sign_count=stored,
        require_user_verification=needed,
    )


def test_the_counter_is_compared_before_the_signature():
    """So a forged answer would look like a copy: we compare it ourselves, afterwards."""
    with pytest.raises(InvalidAuthenticationResponse, match="sign count"):
        verified(Authenticator(sign_count=1), stored=2, signature="AAAA")
    assert verified(Authenticator(sign_count=1), stored=0).new_sign_count == 1
    assert verified(Authenticator(), stored=0).new_sign_count == 0


def test_user_verification_is_a_flag_that_it_checks_if_told():
    with pytest.raises(InvalidAuthenticationResponse, match="User verification"):
        verified(Authenticator(verifies=False), stored=0)
    assert not verified(Authenticator(verifies=False), stored=0, needed=False).user_verified


def test_it_does_not_look_at_the_handle():
    """So we do (WebAuthn 7.2, step 6)."""
    assert verified(Authenticator(), stored=0, userHandle=passkey.write(b"anybody"))


@pytest.mark.parametrize("name", ["origin", "site"])
def test_it_checks_origin_and_site(name):
    with pytest.raises(InvalidAuthenticationResponse):
        verified(Authenticator(**{name: "https://evil.example"}), stored=0)
