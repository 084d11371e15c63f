"""Texts on the road of letters: sealed, sent once each, wiped, and never late."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts import housekeeping
from accounts.models import OutgoingMail
from accounts.outbox import delivery, letters
from accounts.outbox.worker import Worker, work
from accounts.texts import messages
from accounts.texts.channel import TEXTS, purge
from audit.models import Entry
from authsite.text_url import text_transport
from tests.support.race import race

pytestmark = pytest.mark.django_db
TO, CODE = "+447400123456", "482913"


def put(to: str = TO, minutes: int = 10, wanted: bool = True, **facts: str) -> OutgoingMail:
    expires_at = timezone.now() + timedelta(minutes=minutes)
    text = messages.code(to=to, code=CODE, language="en", expires_at=expires_at, **facts)
    return text.put(wanted=wanted)


def now(row: OutgoingMail) -> OutgoingMail:
    row.refresh_from_db()
    return row


def test_a_text_is_sent_and_wiped(provider):
    row = put()
    assert delivery.drain(TEXTS).sent == 1
    (asked,) = provider.asked
    assert asked.form["To"] == TO and asked.form["Body"].startswith(
        "482913 is your Northgate code."
    )
    assert (now(row).state, row.body, row.recipient) == ("sent", "", "")


def test_one_that_is_not_wanted_is_written_and_never_sent(provider):
    row = put(wanted=False)
    assert row.state == OutgoingMail.State.UNWANTED
    delivery.drain(TEXTS)
    assert not provider.asked
    delivery.purge()
    assert not OutgoingMail.objects.exists()


def test_letters_and_texts_are_each_others_business_in_nothing(provider, sink):
    text, letter = put(), letters.no_account(to="sam@example.org", language="en").put()
    assert delivery.drain().sent == 1
    assert (now(letter).state, now(text).state) == ("sent", "waiting")
    assert delivery.drain(TEXTS).sent == 1
    assert len(sink.taken) == len(provider.asked) == 1


@pytest.mark.django_db(transaction=True)
def test_the_file_of_the_database_holds_neither_number_nor_code(provider):
    """Before it is sent and after: not in a row, not in a page that was freed, not in the journal."""
    put()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(FULL)")
            file = Path(str(connection.settings_dict["NAME"]))
            kept = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        else:
            cursor.execute("SELECT t::text FROM accounts_outgoingmail t")
            kept = "".join(row[0] for row in cursor.fetchall()).encode()
    assert b"text" in kept
    for secret in (CODE, TO, TO[1:], TO[3:]):
        assert secret.encode() not in kept and secret.encode("utf-16-le") not in kept


# --- The end --------------------------------------------------------------------------------------


def test_a_code_that_ran_out_is_not_sent_any_more(provider, clock, caplog, alice):
    row = put(subject_id=alice.subject_id)
    clock.forward(minutes=10)
    assert delivery.drain(TEXTS).dead == 1
    assert not provider.asked
    assert (now(row).state, row.last_error, row.body, row.recipient) == ("dead", "too late", "", "")
    entry = Entry.objects.get(event="text.dead")
    assert (entry.subject_id, entry.facts) == (alice.subject_id, {"text": "code", "attempts": 1})
    assert CODE not in caplog.text and TO not in caplog.text


def test_up_to_that_moment_it_is_sent(provider, clock):
    put()
    clock.forward(minutes=9, seconds=50)
    assert delivery.drain(TEXTS).sent == 1


def test_what_would_be_late_the_next_time_is_given_up_now(provider, clock):
    provider.answer = (500, b"")
    row = put()
    clock.forward(minutes=9, seconds=56)  # the next try would be in five seconds
    assert delivery.drain(TEXTS).dead == 1
    assert (now(row).last_error, row.body) == ("NotTaken 500", "")


def test_texts_that_nobody_sends_are_wiped_when_their_codes_ran_out(settings, clock, db):
    settings.TEXT_TRANSPORT = {}
    row = put()
    assert purge(10) == 0
    clock.forward(minutes=11)
    assert "accounts.texts.channel.purge" in housekeeping.PERIODIC
    assert purge(10) == 1
    assert (now(row).state, row.body, row.recipient) == ("dead", "", "")
    assert purge(10) == 0
    assert Entry.objects.filter(event="text.dead").count() == 1


def test_one_in_hand_is_left_to_its_worker(provider, clock):
    put(minutes=1)
    clock.forward(seconds=58)
    assert delivery.claim(TEXTS) is not None
    clock.forward(seconds=3)
    assert purge(10) == 0
    clock.forward(seconds=10)  # it died
    assert purge(10) == 1


def test_texts_given_up_stay_so(provider, clock):
    """An operator lets letters wait again; a code that comes hours later helps nobody."""
    provider.answer = (400, {"code": 21211})
    put()
    delivery.drain(TEXTS)
    assert delivery.revive() == 0


# --- Failures -------------------------------------------------------------------------------------


def test_a_number_that_never_gets_one_is_given_up_at_once(provider, caplog):
    provider.answers = [(400, {"code": 21614, "message": f"{TO} is no mobile"})]
    row, other = put(), put("+447400123457")
    report = delivery.drain(TEXTS)
    assert (report.dead, report.sent) == (1, 1)
    assert (now(row).last_error, row.attempts, row.body) == ("NumberRefused 21614", 1, "")
    assert now(other).state == "sent"
    assert TO not in caplog.text


def test_one_that_was_not_taken_is_tried_again_after_longer_and_longer(provider, still_clock):
    provider.answer = (500, b"")
    row = put(minutes=60)
    for number, seconds in enumerate((5, 20, 60, 120), start=1):
        assert delivery.drain(TEXTS).failed == 1
        assert (now(row).attempts, row.due_at - timezone.now()) == (
            number, timedelta(seconds=seconds),
        )  # fmt: skip
        still_clock.forward(seconds=seconds - 1)
        assert delivery.drain(TEXTS).failed == 0
        still_clock.forward(seconds=1)
    assert delivery.drain(TEXTS).dead == 1  # whoever pays for texts pays for five at most
    assert len(provider.asked) == 5


def test_an_outage_stops_the_round_and_costs_the_others_no_try(provider):
    provider.answer = (503, b"")
    first, second = put(), put("+447400123457")
    report = delivery.drain(TEXTS)
    assert (report.failed, report.down) == (1, "it answered 503")
    assert (now(first).attempts, now(second).attempts) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_the_worker_asks_again_when_the_provider_comes_back(provider, clock):
    provider.answers = ["hang up", (401, b"")]
    put()
    worker = Worker(threading.Event(), TEXTS)
    for pause in (2, 4):
        worker.round()
        assert worker.pause() == pause
        clock.forward(seconds=25)
    worker.round()
    assert worker.pause() == 1
    assert len(provider.asked) == 3
    assert OutgoingMail.objects.get().state == "sent"


# --- Workers that die, and many of them -----------------------------------------------------------


def test_a_text_in_hand_is_nobody_elses_until_its_lease_ends(provider, clock):
    row = put()
    assert delivery.claim(TEXTS) is not None
    assert delivery.drain(TEXTS).sent == 0  # this worker now dies
    clock.forward(seconds=6)
    assert delivery.drain(TEXTS).sent == 0
    clock.forward(seconds=2)  # twice the patience, and five seconds
    assert delivery.drain(TEXTS).sent == 1
    assert (now(row).state, row.attempts) == ("sent", 2)


def test_one_tried_again_has_the_reference_it_had(provider, settings, clock):
    secret = "a-secret-of-the-tests-0123456789-abc"
    settings.TEXT_TRANSPORT = text_transport(f"webhook+http://{provider.host}/?secret={secret}")
    provider.answers = [(500, b"")]
    row = put()
    delivery.drain(TEXTS)
    clock.forward(seconds=6)
    delivery.drain(TEXTS)
    assert [asked.json["reference"] for asked in provider.asked] == [row.message_id] * 2


def test_a_text_that_kills_its_worker_every_time_is_given_up(provider, clock):
    row = put(minutes=60)
    for _ in range(5):
        assert delivery.claim(TEXTS) is not None
        clock.forward(seconds=8)
    assert delivery.drain(TEXTS).dead == 1
    assert (now(row).last_error, row.body) == ("lease ran out", "")
    assert not provider.asked


def test_a_lease_outlasts_the_answer_a_text_waits_for():
    assert delivery.lease_time(TEXTS).total_seconds() > site.TEXT_TIMEOUT + 5


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_send_each_text_once(provider):
    for number in range(20):
        put(f"+4474001234{number:02}")
    reports = race(lambda _: delivery.drain(TEXTS), 4)
    assert sum(report.sent for report in reports) == 20
    assert len({asked.form["To"] for asked in provider.asked}) == len(provider.asked) == 20


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_lets_us_wait_holds_no_code_back(provider, sink, settings):
    settings.EMAIL_TIMEOUT = 20
    sink.silent_at = "CONNECT"
    letters.no_account(to="sam@example.org", language="en").put()
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(stop,))
    worker.start()
    try:
        assert sink.wait_for(lambda: sink.connections == 1)
        put()
        assert provider.wait_for(lambda: len(provider.asked) == 1)
        assert not sink.taken
    finally:
        stop.set()
        sink.closing.set()
        worker.join(30)
    assert not worker.is_alive()


def test_without_a_provider_there_is_no_second_loop(settings):
    from accounts.outbox.channels import LETTERS
    from accounts.outbox.worker import channels

    settings.TEXT_TRANSPORT = {}
    assert channels() == [LETTERS]


def test_the_command_sends_both(provider, sink, capsys):
    put()
    letters.no_account(to="sam@example.org", language="en").put()
    call_command("auth_worker", "--once")
    assert capsys.readouterr().out.startswith("2 sent, 0 to be tried again, 0 given up, 0 waiting")
    assert len(sink.taken) == len(provider.asked) == 1


def test_the_command_says_which_server_cannot_be_used(provider, sink, capsys):
    provider.answer = (401, b"")
    put()
    with pytest.raises(SystemExit) as end:
        call_command("auth_worker", "--once")
    assert end.value.code == 75
    assert "The text provider cannot be used: it answered 401" in capsys.readouterr().err
