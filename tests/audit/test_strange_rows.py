"""Rows that somebody wrote with SQL, of things that no program of ours would write there: they keep
nothing that comes after them from its place, and `verify` names them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection

from audit import trail
from audit.chain import linking, standing, verifying
from audit.chain.findings import Finding, Wrong
from audit.events import Event
from audit.models import Entry, HourCount
from tests.support.strange_rows import STRANGE, slip_in
from tests.support.trail import request_from, unguarded

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
# The same moment in other words; PostgreSQL keeps moments, not texts, so there a copy is all there is.
OTHER_TEXTS = {
    "postgresql": ["at"],
    "sqlite": ["replace(at, ' ', 'T')", "at || '.000000'"],
}[connection.vendor]


def happens() -> int:
    """Returns the number of the entry."""
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(), method="password")
    return Entry.objects.values_list("id", flat=True).latest("id")


@STRANGE
def test_a_strange_row_is_chained_as_not_ours_and_named(column, value, caplog) -> None:
    strange = slip_in(column, value, like=happens())
    happens()
    waiting = verifying.verify()
    assert waiting.findings == [Finding(Wrong.INSERTED, id=strange)] and waiting.waiting == 3
    with caplog.at_level(logging.CRITICAL, logger="audit.chain"):
        assert linking.link() == 3
    assert [one.getMessage() for one in caplog.records] == [
        "Entry 2 of the trail was not written by this site."
    ]
    result = verifying.verify()
    assert result.findings == [Finding(Wrong.INSERTED, 2, 2, strange)] and result.verified == 2
    assert list(HourCount.objects.values_list("detail", "count")) == [("password", 2)]


@STRANGE
def test_a_row_that_was_made_strange_later_is_named(column, value) -> None:
    ids = [happens() for _ in range(3)]
    linking.link()
    with unguarded() as sql:
        sql(f"UPDATE audit_entry SET {column} = {value} WHERE id = %s", ids[1])  # noqa: S608 - our columns
    result = verifying.verify()
    assert result.findings == [Finding(Wrong.CHANGED, 2, 2, ids[1])] and result.verified == 2


@pytest.mark.parametrize("other", OTHER_TEXTS)
@pytest.mark.parametrize("has_its_place", [True, False])
def test_a_copy_that_writes_the_same_moment_otherwise_is_none_of_ours(other, has_its_place) -> None:
    with time_machine.travel(datetime(2026, 11, 25, 12, 20, tzinfo=UTC), tick=False):
        first = happens()  # on a full second, as one in a million is
    if has_its_place:
        linking.link()
    copy = slip_in("at", other, like=first)
    linking.link()
    result = verifying.verify()
    assert result.findings == [Finding(Wrong.INSERTED, 2, 2, copy)] and result.verified == 1
    assert standing.of(Entry.objects.get(pk=copy)).is_ours is False
    assert standing.of(Entry.objects.get(pk=first)).is_ours is True
