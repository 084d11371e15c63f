"""From the outbox to the mail server: each letter once, none lost, whatever the server does."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import OutgoingMail
from accounts.outbox import letters
from accounts.outbox.compose import body_context
from accounts.outbox.delivery import drain
from audit import sealing
from audit.models import Entry
from tests.support.smtp_sink import closed_port

pytestmark = pytest.mark.django_db
CODE = "KFWP-7XRT"
BACK_OFF = [30, 120, 600, 3600, *[6 * 3600] * 4]


def put(to: str = "sam@example.org", **reader: Any) -> OutgoingMail:
    letter = letters.confirm_address(
        to=to, language="en", code=CODE, link="/accounts/confirm-email/key/", minutes=10, **reader
    )
    return letter.put()


def now(row: OutgoingMail) -> OutgoingMail:
    row.refresh_from_db()
    return row


def test_a_letter_arrives_byte_for_byte_and_is_wiped(sink):
    letter = letters.no_account(to="sam@example.org", language="en")
    row = letter.put()
    assert drain().sent == 1
    assert [taken.raw for taken in sink.taken] == [letter.raw]
    assert (sink.taken[0].sender, sink.taken[0].recipient) == (
        "no-reply@testserver",
        "sam@example.org",
    )
    assert (now(row).state, row.body, row.recipient, row.lease) == ("sent", "", "", "")
    assert row.finished_at is not None
    assert row.attempts == 1
    assert drain().sent == 0
    assert len(sink.taken) == 1


@pytest.mark.parametrize("name", ["Foo, Inc.", "Café", 'The "Best"'])
def test_any_site_name_sends(sink, settings, name):
    settings.DEFAULT_FROM_EMAIL = f"{name} <no-reply@testserver>"
    put()
    assert drain().sent == 1
    assert sink.taken[0].sender == "no-reply@testserver"


def test_a_batch_goes_over_one_connection(sink):
    for number in range(5):
        put(f"p{number}@example.org")
    assert drain().sent == 5
    assert sink.connections == 1


def test_a_connection_the_server_gave_up_costs_no_letter_a_try(sink):
    sink.answers["NOOP"] = "421 enough"
    rows = [put(), put(), put()]
    assert drain().sent == 3
    assert sink.connections == 3
    assert [now(row).attempts for row in rows] == [1, 1, 1]


def test_an_idle_outbox_bothers_no_server(sink):
    assert drain().sent == 0
    assert sink.connections == 0


def test_writing_letters_never_talks_to_a_server(sink):
    sink.silent_at = "CONNECT"
    put()
    assert sink.connections == 0


# --- Servers that say no --------------------------------------------------------------------------


def test_a_refused_recipient_stops_nobody_else(sink):
    sink.refusals["b@example.org"] = "451 later"
    rows = [put("a@example.org"), put("b@example.org"), put("c@example.org")]
    report = drain()
    assert (report.sent, report.failed, report.dead) == (2, 1, 0)
    assert [now(row).state for row in rows] == ["sent", "waiting", "sent"]
    assert sink.connections == 1


def test_temporary_refusals_are_tried_again_ever_later_and_given_up_after_ten(sink, clock):
    sink.answers["RCPT"] = "451 later"
    row = put(subject_id="6a1f2a52-8f6c-4a6a-8a2f-0d6d2e2a4b11")
    for seconds in BACK_OFF:
        assert drain().failed == 1
        assert drain().failed == 0
        clock.forward(seconds=seconds - 5)
        assert drain().failed == 0
        clock.forward(seconds=6)
    assert drain().failed == 1  # the ninth
    clock.forward(hours=6, seconds=1)
    assert drain().dead == 1
    assert (now(row).state, row.attempts, row.last_error) == (
        "dead",
        10,
        "SMTPRecipientsRefused 451",
    )
    entry = Entry.objects.get(event="mail.dead")
    assert entry.facts == {"letter": "confirm_address", "attempts": 10}
    assert entry.subject_id == row.subject_id
    clock.forward(days=2)
    assert drain().dead == 0


@pytest.mark.parametrize("step", ["RCPT", "DATA", "BODY"])
def test_lasting_refusals_are_given_up_after_three(sink, clock, step):
    sink.answers[step] = "550 never"
    row = put()
    for _ in range(2):
        assert drain().failed == 1
        clock.forward(hours=1)
    assert drain().dead == 1
    assert (now(row).state, row.attempts) == ("dead", 3)
    assert CODE.encode() in sealing.unseal(row.body, context=body_context(row))  # can still be sent


def test_a_refused_sender_is_our_setting_and_no_reason_to_give_up_early(sink, clock):
    sink.answers["MAIL"] = "550 not you"
    put()
    for _ in range(4):
        assert drain().failed == 1
        clock.forward(hours=7)


def test_an_address_no_server_could_take_is_given_up_after_three(sink, clock):
    row = put("a@example..org")
    for _ in range(2):
        assert drain().failed == 1
        clock.forward(hours=1)
    assert drain().dead == 1
    assert now(row).state == "dead"


def test_a_letter_that_cannot_be_unsealed_is_dead_at_once_and_stops_nobody(sink):
    poison, empty, good = put(), put(), put("good@example.org")
    OutgoingMail.objects.filter(pk=poison.pk).update(body=good.body)
    OutgoingMail.objects.filter(pk=empty.pk).update(body="", recipient="x")
    report = drain()
    assert (report.sent, report.failed, report.dead) == (1, 0, 2)
    assert [taken.recipient for taken in sink.taken] == ["good@example.org"]
    assert Entry.objects.filter(event="mail.dead").count() == 2


# --- Servers that are not there -------------------------------------------------------------------


def test_a_dead_server_costs_no_letter_a_try(sink, settings):
    settings.MAIL_TRANSPORT = sink.transport | {"port": closed_port()}
    row = put()
    report = drain()
    assert report.down == "ConnectionRefusedError"
    assert (now(row).state, row.attempts, row.lease) == ("waiting", 0, "")
    settings.MAIL_TRANSPORT = sink.transport
    assert drain().sent == 1


@pytest.mark.parametrize(
    ("greeting", "said"),
    [("554 go away", "SMTPConnectError 554"), ("421 busy", "SMTPConnectError 421")],
)
def test_a_server_that_sends_us_away_costs_no_letter_a_try(sink, greeting, said):
    sink.answers["CONNECT"] = greeting
    row = put()
    assert drain().down == said
    assert now(row).attempts == 0


def test_a_server_silent_from_the_start_costs_no_letter_a_try(sink):
    sink.silent_at = "CONNECT"
    row = put()
    assert drain().down == "SMTPServerDisconnected"
    assert now(row).attempts == 0


@pytest.mark.parametrize("step", ["RCPT", "BODY"])
def test_a_server_silent_in_the_middle_is_left_and_the_letter_tried_again(sink, clock, step):
    sink.silent_at = step
    row, other = put(), put()
    report = drain()
    assert (report.sent, report.failed, report.down) == (0, 1, "SMTPServerDisconnected")
    assert (now(row).state, row.attempts, row.lease) == ("waiting", 1, "")
    assert now(other).attempts == 0  # the round ends here: nobody queues behind a dead server
    sink.silent_at = ""
    clock.forward(seconds=31)
    assert drain().sent == 2
    assert {taken.message_id for taken in sink.taken} == {row.message_id, other.message_id}


def test_a_server_that_hangs_up_in_the_middle_is_left_for_now(sink, clock):
    sink.answers["RCPT"] = "421 shutting down"
    put()
    assert drain().down == "SMTPRecipientsRefused 421"
    sink.answers.clear()
    clock.forward(seconds=31)
    assert drain().sent == 1


# --- What is said about it ------------------------------------------------------------------------


def test_neither_log_nor_row_repeats_what_the_server_quotes(sink, clock, caplog):
    caplog.set_level("DEBUG")
    sink.answers["RCPT"] = f"550 <sam@example.org> Confirm your {CODE}"
    row = put()
    for _ in range(3):
        drain()
        clock.forward(hours=1)
    said = caplog.text + now(row).last_error
    assert "SMTPRecipientsRefused 550" in said
    assert f"Letter {row.pk}" in said
    for secret in ("sam@", CODE, "Confirm your", "confirm-email"):
        assert secret not in said
