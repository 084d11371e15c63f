"""Fixtures of the accounts' tests: a mail server that does as it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.smtp_sink import SmtpSink


@pytest.fixture
def sink(settings) -> Iterator[SmtpSink]:
    """The mail server behind the outbox, with a second's patience for its answers."""
    with SmtpSink() as sink:
        settings.MAIL_TRANSPORT = sink.transport
        settings.EMAIL_TIMEOUT = 1
        yield sink
