"""Moments in statements that are written by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.utils import timezone


def stored(moment: datetime) -> Any:
    """A time as the database takes it. Django's own way, but for what it asks of the settings and
    of the time each time: a sign-in writes a dozen of them."""
    here = connections[DEFAULT_DB_ALIAS]
    if here.vendor == "sqlite":
        return str(moment.astimezone(here.timezone).replace(tzinfo=None))
    return here.ops.adapt_datetimefield_value(moment)


def aware(moment: datetime) -> datetime:
    """A time as the database gave it: SQLite keeps no zone beside it."""
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=connection.timezone)
