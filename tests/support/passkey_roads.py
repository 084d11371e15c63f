"""The urls of passkeys, as the walk over all limits meets them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from accounts.models import User
from tests.support import passkey
from tests.support.visitor import Visitor

TAKES_NO_SECRET = {
    "mfa_passkey_add": "makes what is one's own, behind a fresh proof",
    "mfa_passkey_add_begin": "asks the person's own device",
    "mfa_passkey_edit": "names what is one's own, behind a fresh proof",
    "mfa_passkey_remove": "ends what is one's own, behind a fresh proof",
    "mfa_passkey_offer": "keeps an answer",
    "mfa_passkey_second_step_begin": "asks the passkeys of whoever showed a first proof",
    "mfa_passkey_step_up_begin": "asks the passkeys of whoever is signed in",
}


def roads(road: Callable[..., Any]) -> dict[tuple[str, str], Callable[[], Any]]:
    """`road` as Road there: how many wrong ones are looked at, one of them, and a right one."""

    def sign_in() -> Any:
        """A signature of another key; a network has so many, whoever's passkeys it tries."""
        device = passkey.Authenticator()
        passkey.give(User.objects.get(), device)
        forged = passkey.Authenticator(credential_id=device.credential_id, handle=device.handle)
        return road(
            60,
            lambda: passkey.sign_in(Visitor(), forged),
            lambda: passkey.sign_in(Visitor(), device),
        )

    def question() -> Any:
        send = partial(Visitor().post, passkey.BEGIN_SIGN_IN)
        return road(600, send, send)

    return {
        ("mfa_passkey_sign_in", "passkey"): sign_in,
        ("mfa_passkey_sign_in_begin", "question"): question,
    }
