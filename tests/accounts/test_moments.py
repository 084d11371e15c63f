"""What is written by hand is what Django would write, and read back it is the same moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection

from accounts.models import Tally
from accounts.moments import aware, stored

AWAY = timezone(timedelta(hours=5, minutes=45))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 28, 9, 5, 7, 123, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),  # without a fraction
        datetime(2026, 3, 29, 2, 30, tzinfo=AWAY),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_moment_is_stored_as_django_would(db, moment):
    assert stored(moment) == connection.ops.adapt_datetimefield_value(moment)
    Tally.objects.create(budget="x", subject="y", count=1, started_at=moment)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT started_at FROM accounts_tally WHERE started_at = %s", [stored(moment)]
        )
        assert aware(cursor.fetchone()[0]) == moment
