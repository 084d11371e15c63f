"""Kept or erased, set or refused: whoever is first, it is whole. On SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.flows import erasing
from accounts.flows.erasing import Outcome
from accounts.models import OutgoingMail, Session, User
from audit.models import Entry, SubjectKey
from tests.accounts.test_deletion import AWAITING, DELETE, OVERVIEW, SURE, sign_in
from tests.accounts.test_erasing import due_now
from tests.support import cast
from tests.support.race import outcome, race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], Any]) -> list[Any]:
    return race(lambda n: acts[n](), len(acts))


def delete(browser: Visitor) -> str:
    return outcome(browser.post(DELETE, SURE))


def keep(browser: Visitor) -> str:
    return outcome(browser.post(AWAITING))


def test_kept_or_erased_and_never_half(db):
    """Whoever wins, it is whole."""
    for number in range(6):
        person = cast.person(f"person{number}")
        browser = Visitor()
        sign_in(browser, person.username)
        browser.post(DELETE, SURE)
        sign_in(browser, person.username)
        due_now(person)
        kept, erased = together(partial(keep, browser), partial(erasing.erase, person.pk))
        cancelled = Entry.objects.filter(
            event="account.deletion_cancelled", subject_id=person.subject_id
        ).count()
        if erased is Outcome.ERASED:
            assert not User.objects.filter(pk=person.pk) and cancelled == 0, kept
            assert not kept.startswith("5"), kept
        else:
            assert (erased, kept) == (Outcome.KEPT, f"302 {OVERVIEW}") and cancelled == 1
            assert User.objects.get(pk=person.pk).deletion_due_at is None
            assert SubjectKey.objects.exclude(key="").filter(pk=person.subject_id)


def test_two_runs_erase_each_account_once(db):
    people = [cast.person(f"person{number}") for number in range(4)]
    due_now(*people)
    found = race(lambda _: [erasing.erase(one.pk) for one in people], 3)
    assert (
        sorted(outcome.value for run in found for outcome in run) == ["erased"] * 4 + ["kept"] * 8
    )
    assert Entry.objects.filter(event="account.deleted").count() == 4
    assert OutgoingMail.objects.count() == 4


def test_of_two_administrators_who_leave_at_once_one_stays(db):
    for number in range(4):
        User.objects.all().delete()
        pair = [cast.administrator(f"{who}{number}") for who in ("ada", "eve")]
        browsers = [Visitor() for _ in pair]
        for browser, one in zip(browsers, pair, strict=True):
            sign_in(browser, one.username)
        answers = together(*(partial(delete, browser) for browser in browsers))
        assert sorted(answers) == [
            "200 Make someone else an administrator first.",
            "302 /accounts/delete/set/",
        ]
        assert User.objects.filter(deletion_due_at=None).count() == 1


def test_two_administrators_are_not_erased_at_once(db):
    """Set in earlier days, and nobody else came: the run leaves the last one too."""
    pair = [cast.administrator(who) for who in ("ada", "eve")]
    third = cast.administrator("third")
    due_now(*pair)
    User.objects.filter(pk=third.pk).update(is_superuser=False)
    assert race(lambda n: erasing.erase(pair[n].pk), 2) == [Outcome.LAST_ADMINISTRATOR] * 2


def test_no_session_outlives_the_asking_whatever_breaks_behind_it(db):
    """All of them end in the transaction of the change, the one at hand too."""
    alice = cast.person("alice")
    browser = Visitor(raise_request_exception=False)
    sign_in(browser)

    kept: list[bool] = []

    def breaks(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "accounts_outgoingmail"'):
            transaction.on_commit(lambda: kept.append(True))
        if kept and sql.startswith('DELETE FROM "accounts_session"'):
            raise DatabaseError
        return execute(sql, *rest)

    with connection.execute_wrapper(breaks):
        assert browser.post(DELETE, SURE).status_code == 500
    assert User.objects.get().deletion_due_at is not None
    assert not Session.objects.filter(user=alice)


def test_asked_for_many_times_at_once_it_is_set_once(db):
    cast.person("alice")
    browser = Visitor()
    sign_in(browser)
    tabs = []
    for _ in range(6):
        tab = Visitor()
        tab.cookies["__Host-session"] = browser.cookies["__Host-session"].value
        tabs.append(tab)
    answers = together(*(partial(delete, tab) for tab in tabs))
    assert answers.count("302 /accounts/delete/set/") == 1
    assert not any(answer.startswith("5") for answer in answers)
    assert Entry.objects.filter(event="account.deletion_set").count() == 1
