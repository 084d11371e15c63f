"""What lies in the database, in sessions, letters and logs after everything was done once: no seed,
no code, no number in clear; and what is sealed opens for its own person and kind alone."""

from __future__ import annotations

import base64
import re

import pytest

from accounts.models import Session
from audit import sealing
from mfa.devices import app, recovery_codes, sent_codes
from mfa.models import AuthenticatorApp, RecoveryCodes, TextedCode
from tests.mfa.test_app import ACTIVATE, CODES, shown_seed
from tests.support import cast, roads, second_steps, stored
from tests.support.roads import STEP
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
NUMBER = "+447700900123"


def test_no_seed_code_or_number_rests_readable(client, alice, mailbox, caplog, settings, clock):
    settings.POLICY_MAILED_CODES = True
    roads.by_password(client, "alice")
    seed = shown_seed(client)
    first = second_steps.code_for(seed)
    client.post(ACTIVATE, {"code": first})
    codes = re.findall(r"<li>(\w{4}(?:-\w{4}){3})</li>", client.get(CODES).content.decode())
    # While they are shown they are in the session, and in its row sealed.
    row = Session.objects.get(user=alice)
    written = base64.b32encode(seed).decode()
    spelled = [*codes, *(code.replace("-", "") for code in codes), written, seed.hex(), first]
    spelled += [app.written(seed), base64.b64encode(seed).decode(), NUMBER, NUMBER[3:]]
    assert not [one for one in spelled if one in row.data]
    client.post(CODES, {"saved": "on"})
    sent_codes.row_of(alice, NUMBER).save()
    clock.forward(seconds=31)
    other = Visitor()
    roads.by_password(other, "alice")
    other.post(STEP, {"method": "app", "code": "000000"})
    used = second_steps.code_for(seed)
    other.post(STEP, {"method": "app", "code": used})
    third = Visitor()
    roads.by_password(third, "alice")
    third.post(STEP, {"method": "recovery_code", "code": codes[0]})
    kept = list(stored.texts())
    assert len(kept) > 100
    for secret in [*spelled, used]:
        found = [text.where for text in kept if secret.lower() in text.text.lower()]
        assert not found, (secret, found)
        assert secret not in caplog.text


def test_what_is_sealed_opens_in_its_own_row_alone(alice, bob):
    for user in (alice, bob):
        second_steps.give_app(user, seed=user.username.encode().ljust(20, b"."))
        sent_codes.row_of(user, NUMBER).save()
    hers = AuthenticatorApp.objects.get(user=alice)
    AuthenticatorApp.objects.filter(user=bob).update(seed=hers.seed)
    stolen = AuthenticatorApp.objects.get(user=bob)
    with pytest.raises(sealing.SealBroken):
        app.open_seed(stolen.seed, bob.pk)
    assert app.open_seed(hers.seed, alice.pk) == b"alice".ljust(20, b".")
    key = RecoveryCodes.objects.get(user=alice).key
    RecoveryCodes.objects.filter(user=bob).update(key=key)
    with pytest.raises(sealing.SealBroken):
        recovery_codes.Recipe.of(RecoveryCodes.objects.get(user=bob))
    number = TextedCode.objects.get(user=alice).number
    with pytest.raises(sealing.SealBroken):
        _ = TextedCode(user=bob, number=number).opened_number
    with pytest.raises(sealing.SealBroken):  # of the same person, and another kind
        _ = TextedCode(user=alice, number=hers.seed).opened_number


def test_a_seed_that_was_moved_signs_nobody_in(alice, bob):
    """Whoever may write the table puts their own seed into another's row."""
    second_steps.give_app(alice, seed=bytes(20))
    second_steps.give_app(bob, seed=bytes(range(20)))
    AuthenticatorApp.objects.filter(user=bob).update(
        seed=AuthenticatorApp.objects.get(user=alice).seed
    )
    browser = Visitor()
    roads.by_password(browser, "bob")
    code = second_steps.code_for(bytes(20))
    answer = browser.post(STEP, {"method": "app", "code": code})
    assert answer.status_code == 200
    assert browser.get("/accounts/").status_code == 302
    recovery = {"method": "recovery_code", "code": second_steps.CODES[0]}
    assert browser.post(STEP, recovery).status_code == 302


def test_a_set_of_codes_is_one_hash_a_try_and_nothing_of_a_code_is_kept(carol, hashes_of):
    held = RecoveryCodes.objects.get()
    digests = set(held.codes.values_list("digest", flat=True))
    assert len(digests) == 10 and all(re.fullmatch(r"[0-9a-f]{64}", one) for one in digests)
    browser = Visitor()
    roads.by_password(browser)
    with hashes_of() as hashes:
        browser.post(STEP, {"method": "recovery_code", "code": "zzzz-zzzz-zzzz-zzzz"})
    assert hashes.made == 1
    assert cast.PASSWORD not in digests


def test_codes_are_drawn_from_eighty_bits():
    assert len(recovery_codes.LETTERS) ** 16 == 2**80
    assert not set("01il") & set(recovery_codes.LETTERS)
    drawn = {code for _ in range(50) for code in recovery_codes.draw()}
    assert len(drawn) == 500
    assert all(re.fullmatch(r"[2-9a-z]{4}(-[2-9a-z]{4}){3}", code) for code in drawn)
    assert recovery_codes.normalise(" K7PD 92mw.x4tq–h8rc ") == "k7pd92mwx4tqh8rc"
    assert recovery_codes.normalise("k7pd-92mw-x4tq-h8r0") == "k7pd92mwx4tqh8ro"
