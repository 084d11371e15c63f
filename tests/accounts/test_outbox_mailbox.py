"""/dev/mailbox/: what development sends is seen there, and production has no such page."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from django.urls import NoReverseMatch, reverse

import authsite.urls  # noqa: F401 - drawn once: before these tests switch DEBUG on
from accounts.outbox import letters
from accounts.outbox.delivery import drain
from accounts.outbox.mailbox import newest
from accounts.outbox.transport import letter_file
from tests.support.smtp_sink import closed_port

CODE = "KFWP-7XRT"
LINK = "https://testserver/accounts/confirm-email/key/"
FOLDER = "accounts.outbox.transport.FolderBackend"


@pytest.fixture
def folder(settings, db, tmp_path) -> Iterator[Path]:
    settings.DEBUG = True
    settings.MAIL_TRANSPORT = {"backend": FOLDER, "file_path": str(tmp_path / "mail")}
    with override_settings(ROOT_URLCONF="tests.support.development_urls"):
        yield tmp_path / "mail"


def send(to: str = "sam@example.org", name: str = "Sam") -> letters.Letter:
    letter = letters.confirm_address(
        to=to, language="en", name=name, code=CODE, link=LINK, minutes=10
    )
    letter.put()
    return letter


def test_production_has_no_mailbox(client):
    with pytest.raises(NoReverseMatch):
        reverse("dev_mailbox")
    assert client.get("/dev/mailbox/").status_code == 404


@pytest.mark.parametrize("rest", ["", "{id}/", "{id}/html/"])
def test_without_debug_its_views_are_closed_even_where_their_urls_are_open(
    client, folder, settings, rest
):
    send()
    drain()
    url = "/dev/mailbox/" + rest.format(id=newest()[0].id)
    assert client.get(url).status_code == 200
    settings.DEBUG = False
    assert client.get(url).status_code == 404


def test_an_empty_mailbox_says_so(client, folder):
    assert "No letters yet." in client.get("/dev/mailbox/").content.decode()


def test_a_letter_is_seen_waiting_then_delivered_under_one_address(client, folder):
    send()
    page = client.get("/dev/mailbox/").content.decode()
    assert "Waiting" in page
    found = re.search(r"/dev/mailbox/\w{32}/", page)
    assert found
    drain()
    page = client.get("/dev/mailbox/").content.decode()
    assert "Waiting" not in page
    assert page.count("Confirm your email address for Northgate") == 1
    letter = client.get(found.group()).content.decode()
    assert CODE in letter
    assert f'<a href="{LINK}"' in letter
    assert "no-reply@testserver" in letter
    assert "sam@example.org" in letter


def test_the_newest_letter_comes_first(client, folder, clock):
    for name in ("first", "second", "third"):
        send(f"{name}@example.org")
        clock.forward(seconds=2)
    drain()
    send("fourth@example.org")
    page = client.get("/dev/mailbox/").content.decode()
    assert re.findall(r"(\w+)@example\.org", page) == ["fourth", "third", "second", "first"]


def test_the_html_part_is_shut_in(client, folder):
    """No script, no form, no origin: even a letter gone wrong reaches nothing of the site."""
    send()
    response = client.get(f"/dev/mailbox/{newest()[0].id}/html/")
    policy = response.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert f'href="{LINK}"' in response.content.decode()


def test_a_hostile_name_stays_text_on_the_page(client, folder):
    """A letter greets by plain names only; whatever else it says is shown as text."""
    send(name="<script>alert(1)</script>")
    page = client.get(f"/dev/mailbox/{newest()[0].id}/").content.decode()
    assert "<script>alert" not in page and "alert(1)" not in page
    assert "Hello," in page


@pytest.mark.parametrize("letter_id", ["0" * 32, "x", "-"])
def test_a_letter_that_is_not_there_is_not_found(client, folder, letter_id):
    for url in (f"/dev/mailbox/{letter_id}/", f"/dev/mailbox/{letter_id}/html/"):
        assert client.get(url).status_code == 404


def test_nothing_here_is_done_by_post(client, folder):
    assert client.post("/dev/mailbox/").status_code == 405


def test_with_a_real_mail_server_only_waiting_letters_are_shown(client, folder, settings):
    settings.MAIL_TRANSPORT = {
        "backend": "django.core.mail.backends.smtp.EmailBackend", "port": closed_port(),
    }  # fmt: skip
    send()
    page = client.get("/dev/mailbox/").content.decode()
    assert "EMAIL_URL" in page
    assert "Waiting" in page


def test_a_letter_is_one_file_for_its_owners_eyes_alone(folder):
    letter = send()
    drain()
    (file,) = folder.iterdir()
    assert file.name == letter_file(letter.message_id, letter.recipient)
    assert file.read_bytes() == letter.raw.replace(b"\r\n", b"\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
