"""/dev/mailbox/ shows the texts of a development site too, waiting and delivered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import timezone

import authsite.urls  # noqa: F401 - drawn once: before these tests switch DEBUG on
from accounts.models import OutgoingMail
from accounts.outbox import delivery
from accounts.texts import messages
from accounts.texts.channel import TEXTS
from authsite.text_url import text_transport
from tests.support.pages import text_of

SAID = "482913 is your Northgate code. Never share it."


@pytest.fixture
def folder(settings, db, tmp_path) -> Iterator[Path]:
    settings.DEBUG = True
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}/texts")
    with override_settings(ROOT_URLCONF="tests.support.development_urls"):
        yield tmp_path / "texts"


def put(to: str = "+447400123456") -> OutgoingMail:
    expires_at = timezone.now() + timedelta(minutes=10)
    return messages.code(to=to, code="482913", language="en", expires_at=expires_at).put()


def page(client) -> str:
    return text_of(client.get("/dev/mailbox/"))


def test_a_text_is_seen_waiting_then_delivered(client, folder):
    assert "Texts" not in page(client)
    put()
    assert "+447400123456 Waiting" in page(client) and SAID in page(client)
    delivery.drain(TEXTS)
    assert "Waiting" not in page(client) and SAID in page(client)
    assert page(client).count(SAID) == 1


def test_the_newest_text_comes_first(client, folder, clock):
    for number in ("+447400123451", "+447400123452"):
        put(number)
        clock.forward(seconds=2)
    delivery.drain(TEXTS)
    put("+447400123453")
    said = page(client)
    assert said.index("123453") < said.index("123451")


def test_one_that_cannot_be_opened_is_left_to_the_worker(client, folder):
    row, good = put(), put("+447400123457")
    OutgoingMail.objects.filter(pk=row.pk).update(body=good.body)
    said = page(client)
    assert "+447400123457" in said and "+447400123456" not in said


def test_without_debug_nobody_reads_them(client, folder, settings):
    put()
    settings.DEBUG = False
    assert client.get("/dev/mailbox/").status_code == 404
