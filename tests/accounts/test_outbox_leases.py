"""Several workers, and workers that die: each letter is one worker's at a time."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from accounts.models import OutgoingMail
from accounts.outbox import delivery, letters
from accounts.outbox.delivery import claim, drain

pytestmark = pytest.mark.django_db
CODE = "KFWP-7XRT"


def put(to: str = "sam@example.org", **reader: Any) -> OutgoingMail:
    letter = letters.confirm_address(
        to=to, language="en", code=CODE, link="/accounts/confirm-email/key/", minutes=10, **reader
    )
    return letter.put()


def now(row: OutgoingMail) -> OutgoingMail:
    row.refresh_from_db()
    return row


def test_a_letter_in_hand_is_nobody_elses_until_its_lease_ends(sink, clock):
    row = put()
    taken = claim()
    assert taken is not None
    assert taken.pk == row.pk
    assert drain().sent == 0  # this worker now dies
    clock.forward(seconds=5)
    assert drain().sent == 0
    clock.forward(seconds=2)  # six times the patience with the server
    assert drain().sent == 1
    assert sink.taken[0].message_id == row.message_id


def test_a_lease_outlasts_every_answer_a_letter_waits_for(settings):
    settings.EMAIL_TIMEOUT = 20
    assert delivery.lease_time().total_seconds() > 5 * 20


def test_a_letter_that_kills_its_worker_every_time_is_given_up(sink, clock):
    row = put()
    for _ in range(10):
        assert claim() is not None
        clock.forward(seconds=7)
    assert drain().dead == 1
    assert (now(row).state, row.last_error) == ("dead", "lease ran out")
    assert not sink.taken


class Slow(BaseEmailBackend):
    """A transport so slow that the lease ends meanwhile and another worker does the same letter."""

    clock: ClassVar[Any]
    sent: ClassVar[list[str]]

    def send_messages(self, email_messages: list[EmailMessage]) -> int:
        Slow.sent.append(email_messages[0].extra_headers["Message-ID"])
        if len(Slow.sent) == 1:
            Slow.clock.forward(hours=1)
            assert drain().sent == 1
            Slow.finished_at = OutgoingMail.objects.get().finished_at
            Slow.clock.forward(hours=1)
        return 1


def test_a_note_made_after_the_lease_changes_nothing(settings, db, clock):
    Slow.clock, Slow.sent = clock, []
    settings.MAIL_TRANSPORT = {"backend": f"{__name__}.Slow"}
    row = put()
    drain()
    assert Slow.sent == [row.message_id] * 2
    assert (now(row).state, row.attempts, row.finished_at) == ("sent", 2, Slow.finished_at)


class Late(BaseEmailBackend):
    """Fails at last, when another worker has the letter in hand."""

    clock: ClassVar[Any]
    other: ClassVar[OutgoingMail | None]

    def send_messages(self, email_messages: list[EmailMessage]) -> int:
        Late.clock.forward(hours=1)
        Late.other = claim()
        raise OSError("the line is cut")


def test_a_failure_after_the_lease_takes_the_letter_out_of_nobodys_hand(settings, db, clock):
    Late.clock = clock
    settings.MAIL_TRANSPORT = {"backend": f"{__name__}.Late"}
    row = put()
    drain()
    assert Late.other is not None
    assert (now(row).lease, row.due_at) == (Late.other.lease, Late.other.due_at)


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_deliver_each_letter_once(sink):
    wanted = sorted(put(f"p{number}@example.org").message_id for number in range(40))
    together = threading.Barrier(4)
    reports = []

    def work() -> None:
        try:
            together.wait(10)
            reports.append(drain())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(taken.message_id for taken in sink.taken) == wanted
    assert sum(report.sent for report in reports) == 40
    assert set(OutgoingMail.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.django_db(transaction=True)
def test_two_who_reach_for_one_letter_have_one_winner():
    for _ in range(10):
        put()
        together = threading.Barrier(8)
        winners = []

        def reach(together: threading.Barrier, winners: list[OutgoingMail]) -> None:
            try:
                together.wait(10)
                if row := claim():
                    winners.append(row)
            finally:
                connection.close()

        hands = [threading.Thread(target=reach, args=(together, winners)) for _ in range(8)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join(30)
        assert len(winners) == 1
