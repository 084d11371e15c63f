"""The rules as a process holds them: fresh, whole, and kept when the database is gone."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import NetworkRule
from accounts.networks import snapshot
from accounts.networks.book import Book, Rule
from accounts.networks.parsing import network
from accounts.networks.rules import SITE, verdict
from accounts.networks.snapshot import RulesUnread, Snapshot
from tests.support.networks import allow, deny
from tests.support.race import race


def book_of(count: int) -> Book:
    return Book.of(
        [Rule(number, "allow", "site", network(f"10.0.0.{number}")) for number in range(count)]
    )


class Database:
    """Where the rules are read from: it can be gone, and it can be slow."""

    def __init__(self, book: Book) -> None:
        self.book, self.gone, self.readings = book, False, 0
        self.answers = threading.Event()
        self.answers.set()
        self.asked = threading.Event()

    def read(self, known: Book | None) -> Book:
        self.readings += 1
        self.asked.set()
        assert self.answers.wait(30)
        if self.gone:
            raise OperationalError("the server closed the connection")
        return self.book


@pytest.fixture
def database() -> Database:
    return Database(book_of(3))


# --- reading --------------------------------------------------------------------------------------


def test_it_is_read_once_and_then_believed(database):
    rules = Snapshot(database.read)
    assert rules.current() is rules.current() is database.book
    assert database.readings == 1
    rules.expire()
    rules.current()
    assert database.readings == 2


def test_the_rules_are_kept_while_the_database_fails_and_that_is_logged_once(database, caplog):
    rules, before = Snapshot(database.read), database.book
    rules.current()
    database.gone = True
    with caplog.at_level(logging.INFO, "accounts.networks.snapshot"):
        for _ in range(3):
            rules.expire()
            assert rules.current() is before
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "closed the connection" not in caplog.text
        database.gone, database.book = False, book_of(4)
        for _ in range(2):
            rules.expire()
            assert rules.current() is database.book
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_failing_database_is_not_asked_by_every_request(database):
    rules = Snapshot(database.read)
    database.gone = True
    for _ in range(5):
        with pytest.raises(RulesUnread):
            rules.current()
    assert database.readings == 1


def test_rules_that_were_never_read_let_nobody_in(database):
    rules = Snapshot(database.read)
    database.gone = True
    with pytest.raises(RulesUnread):
        rules.current()
    database.gone = False
    rules.expire()
    assert rules.current() is database.book


def test_while_one_reads_the_others_go_on_with_what_there_is(database):
    rules, before = Snapshot(database.read), database.book
    rules.current()
    database.answers.clear()
    database.asked.clear()
    database.book = book_of(9)
    rules.expire()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(rules.current)
        assert database.asked.wait(30)
        rules.expire()  # it takes so long that the next reading is due
        assert [rules.current() is before for _ in range(20)] == [True] * 20
        database.answers.set()
        assert reading.result(30) is database.book


def test_a_change_during_a_reading_is_not_missed(database):
    rules = Snapshot(database.read)
    rules.current()
    database.answers.clear()
    database.asked.clear()
    rules.expire()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(rules.current)
        assert database.asked.wait(30)
        rules.expire()  # a rule was added after this reading began
        database.answers.set()
        reading.result(30)
    database.book = book_of(5)
    assert rules.current() is database.book


def test_many_at_the_start_read_once_and_nobody_sees_half_a_book(database):
    rules = Snapshot(database.read)
    found = race(lambda number: rules.current(), 12)
    assert {id(one) for one in found} == {id(database.book)} and database.readings == 1


def test_whoever_comes_during_the_first_reading_waits_for_it(database):
    rules = Snapshot(database.read)
    database.answers.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(rules.current)
        assert database.asked.wait(30)
        others = [pool.submit(rules.current) for _ in range(3)]
        assert wait(others, timeout=0.2).done == set()
        database.answers.set()
        assert {id(one.result(30)) for one in [first, *others]} == {id(database.book)}
    assert database.readings == 1


def test_readers_and_changes_at_once_always_see_a_whole_book():
    books = [book_of(count) for count in (1, 50, 200)]
    turn = iter(range(10**9))
    rules = Snapshot(lambda known: books[next(turn) % 3])
    at = timezone.now()

    def act(number: int) -> bool:
        whole = True
        for _ in range(300):
            if number % 4 == 0:
                rules.expire()
            book = rules.current()
            last = max(book.ids)
            rule = book.closest(network(f"10.0.0.{last}").network_address, "site", at)
            whole = whole and rule is not None and rule.id == last
        return whole

    assert race(act, 8) == [True] * 8


# --- from the database ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_it_holds_what_stands_and_no_more():
    now = timezone.now()
    past = {"created_at": now - timedelta(days=2), "ends_at": now - timedelta(days=1)}
    standing = {
        deny("203.0.113.0/24").pk,
        allow("10.0.0.0/8", "admin").pk,
        allow("10.0.0.0/8", "admin", **past).pk,  # the list it stands on stays closed
    }
    deny("198.51.100.0/24", **past)
    deny("192.0.2.0/24", ended_at=now, end_note="solved")
    assert snapshot.read().ids == standing


@pytest.mark.django_db
def test_a_reading_that_finds_nothing_new_is_one_statement_and_the_same_book():
    for number in range(3):
        deny(f"203.0.113.{number}/32")
    known = snapshot.read()
    with CaptureQueriesContext(connection) as asked:
        assert snapshot.read(known) is known
    assert len(asked) == 1
    ended = NetworkRule.objects.order_by("pk").first()
    NetworkRule.objects.filter(pk=ended.pk).update(ended_at=timezone.now(), end_note="solved")
    assert snapshot.read(known).ids == known.ids - {ended.pk}


@pytest.mark.django_db
def test_a_rule_runs_out_without_another_reading(clock):
    deny("203.0.113.0/24", ends_at=timezone.now() + timedelta(hours=1))
    assert verdict("203.0.113.9", SITE, timezone.now())
    snapshot.assume(snapshot.read(), seconds=3600)
    with CaptureQueriesContext(connection) as asked:
        clock.forward(minutes=61)
        assert verdict("203.0.113.9", SITE, timezone.now()) is None
    assert not asked


@pytest.mark.django_db
def test_a_row_from_elsewhere_that_cannot_be_read_is_named_and_opens_nothing(caplog):
    odd = allow("everybody", "admin")
    book = snapshot.read()
    assert book.closing("admin").id == odd.pk
    assert f"Network rule {odd.pk} cannot be read" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "shun"},
        {"scope": "shop"},
        {"network": ""},
        {"note": ""},
        {"ends_at": None},
        {"ends_at": timezone.now() - timedelta(days=1)},
        {"ends_at": timezone.now() + timedelta(days=400)},
        {"kind": "allow", "ends_at": timezone.now() + timedelta(days=400)},
        {"ended_at": timezone.now()},
        {"end_note": "solved"},
    ],
    ids="-".join,  # a moment would be another in each process
)
def test_the_database_keeps_no_rule_that_is_not_whole(fields):
    whole = {
        "kind": "deny", "network": "203.0.113.0/24", "scope": "site", "note": "ticket",
        "ends_at": timezone.now() + timedelta(days=1),
    }  # fmt: skip
    NetworkRule.objects.create(**whole)
    with pytest.raises(IntegrityError), transaction.atomic():
        NetworkRule.objects.create(**whole | fields)


@pytest.mark.django_db
def test_a_rule_of_a_whole_year_is_kept():
    now = timezone.now()
    assert deny("203.0.113.0/24", created_at=now, ends_at=now + timedelta(days=366)).pk
