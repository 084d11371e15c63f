"""Moments in statements that are written by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone


def stored(moment: datetime) -> Any:
    """A time as the database takes it."""
    return connection.ops.adapt_datetimefield_value(moment)


def aware(moment: datetime) -> datetime:
    """A time as the database gave it: SQLite keeps no zone beside it."""
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=connection.timezone)
