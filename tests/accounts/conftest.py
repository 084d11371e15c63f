"""Fixtures of the accounts' tests: a mail server that does as it is told, staff at their desk, sets of
breached passwords, a database for programs."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.models import User
from accounts.passwords import breached_load, breached_sources
from accounts.sessions.store import SessionStore
from accounts.texts import senders
from authsite.text_url import text_transport
from tests.support import breaches, cast, undoing
from tests.support.keyrings import T1, T2, Life
from tests.support.required_password import ALSO_BREACHED
from tests.support.smtp_sink import SmtpSink
from tests.support.text_sink import TextSink
from tests.support.visitor import Visitor

HELP = (
    "unlock_user", "sign_out_user", "send_reset_letter", "resend_confirmation", "demand_password",
    "switch_user", "cancel_deletion", "lift_hold", "lift_limits",
)  # fmt: skip


@pytest.fixture
def sink(settings) -> Iterator[SmtpSink]:
    """The mail server behind the outbox, with a second's patience for its answers."""
    with SmtpSink() as sink:
        settings.MAIL_TRANSPORT = sink.transport
        settings.EMAIL_TIMEOUT = 1
        yield sink


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[TextSink]:
    """The text provider behind the outbox, with a second's patience, not asked yet: it speaks as
    Twilio does."""
    monkeypatch.setattr(senders, "PROVIDER", senders.provider())
    with TextSink() as sink:
        settings.TEXT_TRANSPORT = text_transport(
            f"twilio+http://AC0123:a-token-of-tests@{sink.host}/?from=+15551234567"
        )
        settings.TEXT_TIMEOUT = 1
        yield sink


@pytest.fixture
def ada_here(client: Visitor, ada: User) -> Visitor:
    client.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    return client


@pytest.fixture
def sue(db: None) -> User:
    """Staff who may do to people whatever is done to people, and grant nothing."""
    sue = cast.person("sue", is_staff=True)
    codenames = ["view_user", "change_user", "change_group", *HELP]
    sue.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return sue


@pytest.fixture
def sue_here(sue: User) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "sue", "password": cast.PASSWORD})
    return browser


@pytest.fixture
def mallory(db: None) -> User:
    """Staff with every permission there is but to grant any, and no superuser."""
    mallory = cast.person("mallory", is_staff=True)
    mallory.user_permissions.set(Permission.objects.exclude(codename="grant_staff"))
    return mallory


@pytest.fixture
def mallory_here(mallory: User) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "mallory", "password": cast.PASSWORD})
    return browser


@pytest.fixture
def tom(db: None) -> User:
    """Staff without any permission."""
    return cast.person("tom", is_staff=True)


@pytest.fixture
def by_hand(rf: RequestFactory) -> Callable[[Visitor, User], HttpRequest]:
    """A request of somebody signed in, for a flow asked past every page."""

    def made(browser: Visitor, person: User) -> HttpRequest:
        request = rf.post("/")
        request.user = User.objects.get(pk=person.pk)
        request.session = SessionStore(browser.cookies["__Host-session"].value)
        assert request.session.get("_auth_user_id")  # read, as by the middleware
        return request

    return made


@pytest.fixture
def everything(db: None) -> Group:
    group = Group.objects.create(name="everything")
    group.permissions.set(Permission.objects.all())
    return group


@pytest.fixture
def life(settings, db: None) -> Life:
    """A life under t1; t2 stands in front of it now."""
    found = Life()
    settings.FIELD_KEYS = f"{T2},{T1}"
    return found


@pytest.fixture
def breach(settings, tmp_path) -> Path:
    """The password of the cast is known from a breach, and one more."""
    return breaches.breach(settings, tmp_path, cast.PASSWORD, ALSO_BREACHED)


@pytest.fixture
def breached_bin(settings, tmp_path) -> Path:
    """Where `auth_breached load` puts what it makes; nothing lies there yet."""
    path = tmp_path / "var" / "breached.bin"
    settings.BREACHED_PASSWORDS_FILE = str(path)
    return path


@pytest.fixture
def pwned_txt(tmp_path) -> Path:
    return breaches.write(tmp_path / "pwned.txt", breaches.MANY)


@pytest.fixture
def small_blocks(monkeypatch) -> None:
    """A file of a few kilobytes is read as gigabytes are."""
    monkeypatch.setattr(breached_sources, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(breached_load, "NOTED_EVERY", 4)


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """An empty database of the kind the tests run on, for programs outside of them."""
    given = os.environ["DATABASE_URL"]
    if not given.startswith("postgres"):
        yield f"sqlite:///{tmp_path}/kill.sqlite3"
        return
    name = f"kill_{uuid.uuid4().hex[:12]}"
    with closing(psycopg.connect(given, autocommit=True)) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(given)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- Undo: tests/support/undoing.py ---


@pytest.fixture
def owners(alice) -> Visitor:
    """The owner's browser of old."""
    return undoing.at_home(alice)


@pytest.fixture
def intruder(owners, alice) -> Visitor:
    """Knows the password, came on a new device, and made an address of theirs the main one."""
    browser = undoing.sign_in("alice")
    undoing.take_over_the_address(browser, "mallory@example.org")
    return browser
