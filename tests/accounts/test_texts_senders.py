"""Each sender against a real server: what goes over the wire, and what each answer means."""

from __future__ import annotations

import base64
import hmac
import json
import stat
import time
from typing import Any

import pytest

from accounts.outbox.transport import TransportDown
from accounts.texts import senders
from accounts.texts.senders import NotTaken, NumberRefused, Texts
from authsite.text_url import text_transport
from tests.support.smtp_sink import closed_port

TO, SAYS, REFERENCE = "+447400123456", "482913 is your code – ключ €\n\n@x #482913", "f" * 32
SECRET = "a-secret-of-the-tests-0123456789-abc"


def hand_over() -> None:
    carrier = Texts()
    carrier.open()
    try:
        carrier.send(SAYS.encode(), TO, REFERENCE)
    finally:
        carrier.close()


@pytest.fixture
def webhook(provider, settings):
    url = f"webhook+http://{provider.host}/texts?team=7&secret={SECRET}"
    settings.TEXT_TRANSPORT = text_transport(url)
    provider.answer = (204, b"")
    return provider


# --- The wire -------------------------------------------------------------------------------------


def test_twilio_gets_its_form(provider):
    hand_over()
    (asked,) = provider.asked
    assert asked.path == "/2010-04-01/Accounts/AC0123/Messages.json"
    assert asked.form == {"From": "+15551234567", "To": TO, "Body": SAYS}
    basic = base64.b64decode(asked.headers["authorization"].removeprefix("Basic "))
    assert basic == b"AC0123:a-token-of-tests"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_pool_of_senders_stands_in_the_place_of_one(provider, settings):
    pool = "MG0123456789abcdef0123456789abcdef"
    settings.TEXT_TRANSPORT = text_transport(f"twilio+http://a:b@{provider.host}/?from={pool}")
    hand_over()
    assert provider.asked[0].form == {"MessagingServiceSid": pool, "To": TO, "Body": SAYS}


def test_a_webhook_gets_an_object_that_only_we_can_have_sent(webhook):
    hand_over()
    (asked,) = webhook.asked
    assert asked.path == "/texts?team=7"
    assert SECRET not in asked.path
    assert asked.json == {"to": TO, "text": SAYS, "reference": REFERENCE}
    moment = asked.headers["webhook-timestamp"]
    assert 0 <= time.time() - int(moment) < 60
    assert asked.headers["webhook-id"] == REFERENCE
    signed = f"{REFERENCE}.{moment}.".encode() + asked.body
    signature = base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    assert asked.headers["webhook-signature"] == f"v1,{signature}"


def test_the_key_of_a_standard_webhook_is_base64(webhook, settings):
    key = bytes(range(32))
    secret = "whsec_" + base64.b64encode(key).decode()
    settings.TEXT_TRANSPORT = text_transport(
        f"webhook+http://{webhook.host}/?secret={secret.replace('+', '%2B')}"
    )
    hand_over()
    (asked,) = webhook.asked
    signed = f"{REFERENCE}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert asked.headers["webhook-signature"] == f"v1,{signature}"


def test_a_folder_holds_one_file_a_text_for_its_owners_eyes_alone(settings, tmp_path):
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}/texts")
    hand_over()
    hand_over()
    (file,) = (tmp_path / "texts").iterdir()
    kept = json.loads(file.read_text())
    assert (file.stem, kept["to"], kept["text"]) == (REFERENCE, TO, SAYS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "texts").stat().st_mode) == 0o700


def test_a_console_shows_it(settings, capsys):
    settings.TEXT_TRANSPORT = text_transport("console:")
    hand_over()
    assert capsys.readouterr().out == f"Text to {TO}:\n{SAYS}\n"


# --- The answers ----------------------------------------------------------------------------------


def error_of(answer: Any, sink: Any) -> Exception | None:
    sink.answer = answer
    try:
        hand_over()
    except (NumberRefused, NotTaken, TransportDown) as error:
        return error
    return None


TWILIO = [
    ((201, {"sid": "SM1"}), None),
    ((200, {"sid": "SM1", "code": None}), None),
    ((202, b""), None),
    ((400, {"code": 21211, "message": f"The 'To' number {TO} is not valid."}), NumberRefused),
    ((400, {"code": 21610}), NumberRefused),
    ((400, {"code": 21614}), NumberRefused),
    ((201, {"sid": "SM1", "error_code": 21610}), NumberRefused),
    # The sender, the permission for a country, and what nobody knows yet.
    ((400, {"code": 21606}), NotTaken),
    ((403, {"code": 21408}), TransportDown),
    ((400, {"code": 29999}), NotTaken),
    ((400, {}), NotTaken),
    ((400, [21211]), NotTaken),
    ((400, {"code": "21211"}), NotTaken),
    ((400, {"code": True}), NotTaken),
    ((400, b"\xff\x00"), NotTaken),
    ((400, b"[" * 60_000), NotTaken),
    ((500, {}), NotTaken),
    ((500, {"code": 21211}), NotTaken),
    ((401, {"code": 20003}), TransportDown),
    ((404, {"code": 20404}), TransportDown),
    ((429, {"code": 20429}), TransportDown),
    ((503, b""), TransportDown),
]


@pytest.mark.parametrize(("answer", "error"), TWILIO, ids=range(len(TWILIO)))
def test_what_an_answer_of_twilio_means(provider, answer, error):
    assert type(error_of(answer, provider)) is (error or type(None))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, None), (201, None), (202, None), (204, None),
        (410, NumberRefused), (422, NumberRefused),
        (400, NotTaken), (409, NotTaken), (500, NotTaken),
        (401, TransportDown), (403, TransportDown), (404, TransportDown), (429, TransportDown),
        (503, TransportDown), (302, TransportDown), (304, TransportDown),
    ],
)  # fmt: skip
def test_what_an_answer_of_a_webhook_means(webhook, status, error):
    assert type(error_of((status, b""), webhook)) is (error or type(None))


@pytest.mark.parametrize("answer", ["silent", "trickle", "hang up", "redirect"])
def test_no_answer_is_no_yes(provider, answer):
    """Nor is another place's: a code goes where TEXT_URL says and nowhere else."""
    assert isinstance(error_of(answer, provider), TransportDown)
    assert [asked.path for asked in provider.asked] == ["/2010-04-01/Accounts/AC0123/Messages.json"]


def test_an_answer_without_an_end_is_none(provider):
    assert isinstance(error_of((201, b"x" * 70_000), provider), TransportDown)


def test_a_provider_that_is_away_is_down(provider, settings):
    url = f"twilio+http://a:b@127.0.0.1:{closed_port()}/?from=+15551234567"
    settings.TEXT_TRANSPORT = text_transport(url)
    assert isinstance(error_of((201, b""), provider), TransportDown)


def test_a_provider_that_is_away_is_left_alone_for_a_while(provider):
    for _ in range(3):
        assert isinstance(error_of("hang up", provider), TransportDown)
    assert isinstance(error_of((201, b""), provider), TransportDown)
    assert len(provider.asked) == 3


def test_refused_numbers_are_answers_and_no_outage(provider):
    for _ in range(5):
        assert isinstance(error_of((400, {"code": 21211}), provider), NumberRefused)
    assert error_of((201, b""), provider) is None


def test_without_a_sender_nothing_is_sent(settings):
    settings.TEXT_TRANSPORT = {}
    assert not senders.available()
    with pytest.raises(TransportDown, match="TEXT_URL"):
        Texts().open()


@pytest.mark.parametrize("answer", [(400, {"code": 21211, "message": f"{TO} {SAYS}"}), "hang up"])
def test_what_is_raised_names_no_number_and_no_code(provider, answer, caplog):
    error = error_of(answer, provider)
    told = f"{error!r} {error} {error.__context__!r} {caplog.text}"
    assert TO not in told and "482913" not in told and "a-token" not in told
