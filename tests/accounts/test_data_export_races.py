"""Two who ask make one copy, two workers build it once, and one that dies is taken over. On SQLite and
PostgreSQL."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.exports import building, pieces
from accounts.flows import erasing
from accounts.models import DataExport, DataExportPiece, OutgoingMail, Tally, User
from audit.models import Entry
from tests.accounts.test_erasing import due_now
from tests.support import cast
from tests.support.copies import EXPORT, ask, opened
from tests.support.race import outcome, race
from tests.support.visitor import LOGIN, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def here(name: str = "alice") -> Visitor:
    browser = Visitor()
    browser.post(LOGIN, {"login": name, "password": cast.PASSWORD})
    return browser


def letters() -> int:
    return OutgoingMail.objects.filter(letter="export_ready").count()


def noted(what: str) -> int:
    return Entry.objects.filter(event=f"account.export_{what}").count()


def whole() -> bytes:
    return b"".join(pieces.read(DataExport.objects.get()))


def test_two_who_ask_at_once_make_one_and_spend_one(alice):
    browsers = [here() for _ in range(4)]
    for _ in range(3):
        before = noted("asked")
        answers = race(lambda number: outcome(ask(browsers[number])), 4)
        assert Counter(answers) == {f"302 {EXPORT}": 4}
        assert DataExport.objects.count() == 1 and noted("asked") == before + 1
        building.drain()
    assert Tally.objects.get(budget="exports").count == 3


def test_the_database_itself_bears_one_a_person(alice):
    DataExport.objects.create(user=alice)
    with pytest.raises(IntegrityError):
        DataExport.objects.create(user=alice)


def test_two_workers_build_each_once_and_tell_once(db):
    for number in range(4):
        DataExport.objects.create(user=cast.person(f"person{number}"))
    reports = race(lambda _: building.drain(), 3)
    assert sum(report.built for report in reports) == 4
    assert sum(report.again + report.failed for report in reports) == 0
    assert letters() == noted("ready") == 4
    for export in DataExport.objects.all():
        assert export.attempts == 1 and opened(b"".join(pieces.read(export)))
        assert DataExportPiece.objects.filter(export=export).count() == export.pieces


def test_one_that_dies_is_taken_over_once_its_lease_has_run_out(alice, clock, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 200)
    DataExport.objects.create(user=alice)
    dead = building.claim()
    assert dead is not None
    sink = pieces.Sink(dead)
    sink.write(b"x" * 500)  # this worker now dies
    assert DataExportPiece.objects.count() == 2
    assert building.drain().total == 0
    clock.forward(seconds=pieces.LEASE.total_seconds() + 1)
    assert building.drain().built == 1
    export = DataExport.objects.get()
    assert export.attempts == 2 and export.lease != dead.lease
    assert DataExportPiece.objects.count() == export.pieces and opened(whole())
    # It was only slow: what it still writes is stored nowhere, and it does not finish.
    with pytest.raises(pieces.LeaseLost):
        sink.write(b"x" * 500)
    with pytest.raises(pieces.LeaseLost):
        building._finish(dead, sink)
    assert letters() == 1 and opened(whole())


def test_a_slow_worker_gives_way_to_the_one_that_took_over_while_that_builds(alice, clock):
    DataExport.objects.create(user=alice)
    slow = building.claim()
    clock.forward(seconds=pieces.LEASE.total_seconds() + 1)
    quick = building.claim()
    assert slow is not None and quick is not None and slow.lease != quick.lease
    late = pieces.Sink(slow)
    late.write(b"x" * 500)
    for act in (late.close, partial(building._finish, slow, late)):
        with pytest.raises(pieces.LeaseLost):
            act()
    building._note_failure(slow, report := building.Report(), "too slow")
    building._release(slow)
    assert report.total == 0
    now = DataExport.objects.get()
    assert (now.state, now.lease) == ("building", quick.lease)
    assert not DataExportPiece.objects.exists() and not letters()
    building._build(quick, report, None, lambda rows: None)
    assert report.built == 1 and opened(whole())


def test_a_lease_is_renewed_by_each_piece_and_by_long_reading(alice, clock, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 100)
    DataExport.objects.create(user=alice)
    sink = pieces.Sink(building.claim())  # type: ignore[arg-type]
    for _ in range(4):
        clock.forward(seconds=100)
        sink.write(b"x" * 100)
        assert building.claim() is None
    monkeypatch.setattr(pieces, "RENEWED_EVERY", 0.0)
    for _ in range(4):
        clock.forward(seconds=100)
        sink.keep_alive()
        assert building.claim() is None


def test_one_that_takes_its_worker_down_every_time_is_given_up(alice, clock):
    DataExport.objects.create(user=alice)
    for _ in range(building.MOST_ATTEMPTS):
        assert building.claim() is not None
        clock.forward(minutes=3)
    report = building.drain()
    assert (report.failed, report.built) == (1, 0)
    assert DataExport.objects.get().state == "failed" and noted("failed") == 1
    assert not letters()


def test_one_that_dies_while_two_race_to_take_it_over_is_built_once(alice, clock):
    DataExport.objects.create(user=alice)
    for _ in range(2):
        building.claim()
        clock.forward(minutes=3)
        reports = race(lambda _: building.drain(), 3)
        assert sum(report.built for report in reports) == 1
        assert letters() == noted("ready")
        assert opened(whole())
        DataExport.objects.all().delete()
        DataExport.objects.create(user=alice)


def test_built_or_replaced_never_both(alice):
    browser = here()
    for _ in range(3):
        DataExport.objects.all().delete()
        DataExport.objects.create(user=alice)
        Tally.objects.filter(budget="exports").delete()
        acts: tuple[Any, ...] = (building.drain, partial(ask, browser))
        race(lambda n, acts=acts: acts[n](), 2)
        export = DataExport.objects.get()
        assert export.state in ("ready", "waiting")
        found = DataExportPiece.objects.count()
        assert found == (export.pieces if export.state == "ready" else 0)


def test_built_or_erased_never_left_over(db, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 200)  # many pieces to come in between
    for number in range(4):
        person = cast.person(f"person{number}")
        DataExport.objects.create(user=person)
        due_now(person)
        acts: tuple[Any, ...] = (building.drain, partial(erasing.erase, person.pk))
        race(lambda n, acts=acts: acts[n](), 2)
        assert not User.objects.filter(pk=person.pk).exists()
        assert not DataExport.objects.exists() and not DataExportPiece.objects.exists()
        assert not OutgoingMail.objects.filter(subject_id=person.subject_id).exists()


def test_run_out_or_replaced_never_in_each_others_way(alice):
    browser = here()
    for _ in range(4):
        DataExport.objects.all().delete()
        DataExport.objects.create(user=alice)
        building.drain()
        DataExport.objects.update(expires_at=timezone.now())
        Tally.objects.filter(budget="exports").delete()
        acts: tuple[Any, ...] = (partial(building.purge, 500), partial(ask, browser))
        race(lambda n, acts=acts: acts[n](), 2)
        assert DataExport.objects.get().state == "waiting"
        assert not DataExportPiece.objects.exists()


def test_run_out_or_downloaded_never_half_a_file_without_a_word(alice, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 200)
    DataExport.objects.create(user=alice)
    building.drain()
    export = DataExport.objects.get()

    def read() -> str:
        try:
            return "whole" if opened(b"".join(pieces.read(export))) else ""
        except pieces.PieceMissing:
            return "refused"

    def run_out() -> str:
        DataExport.objects.update(expires_at=timezone.now())
        return str(building.purge(500))

    found = race(lambda n: (read, run_out)[n](), 2)
    assert found[0] in ("whole", "refused") and found[1] == "1"
    assert not DataExportPiece.objects.exists()
