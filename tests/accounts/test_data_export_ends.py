"""The copy of somebody's data ends with its owner: switched off, deleted, gone. Whatever is under way
then gives and keeps nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.exports import building, pieces
from accounts.flows import erasing
from accounts.models import DataExport, DataExportPiece, User
from tests.support import cast
from tests.support.copies import DOWNLOAD, EXPORT, ask, built_for, bytes_of, opened
from tests.support.visitor import LOGIN, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(client: Visitor, alice: User) -> Visitor:
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    return client


def test_switching_somebody_off_stops_a_download_under_way_and_wipes_the_copy(
    here, alice, monkeypatch
):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 200)
    export = built_for(alice)
    assert export.pieces > 2 * pieces.READ_AT_ONCE
    content = here.post(DOWNLOAD).streaming_content
    next(content)
    User.objects.update(is_active=False)
    with pytest.raises(pieces.PieceMissing):
        b"".join(content)
    assert building.purge(500) == 1
    assert not DataExportPiece.objects.exists()


def test_a_copy_of_somebody_switched_off_is_not_built(here, alice, mailbox):
    ask(here)
    User.objects.update(is_active=False)
    assert building.drain().total == 0 and not mailbox.all()


def test_switched_off_while_it_is_built_nothing_is_kept_nor_told(alice, mailbox, monkeypatch):
    DataExport.objects.create(user=alice)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 200)
    write = building.archive.write

    def interrupted(user: User, sink: Any, **asked: Any) -> None:
        User.objects.update(is_active=False)
        write(user, sink, **asked)

    monkeypatch.setattr(building.archive, "write", interrupted)
    assert building.drain().total == 0
    assert not mailbox.all() and not DataExportPiece.objects.exists()


def test_the_copy_dies_with_the_account(here, alice):
    built_for(alice)
    User.objects.update(deletion_due_at=timezone.now() - timedelta(seconds=1))
    assert erasing.erase(alice.pk) is erasing.Outcome.ERASED
    assert not DataExport.objects.exists() and not DataExportPiece.objects.exists()


def test_erased_while_it_is_built_nothing_comes_back(alice, mailbox, monkeypatch):
    DataExport.objects.create(user=alice)
    write = building.archive.write

    def interrupted(user: User, sink: Any, **asked: Any) -> None:
        User.objects.update(deletion_due_at=timezone.now() - timedelta(seconds=1))
        erasing.erase(alice.pk)
        write(user, sink, **asked)

    monkeypatch.setattr(building.archive, "write", interrupted)
    assert building.drain().total == 0
    assert not DataExportPiece.objects.exists()
    assert [letter.kind for letter in mailbox.all()] == ["deletion"]


def test_whoever_waits_for_their_deletion_takes_their_data_along(here, alice):
    User.objects.update(deletion_due_at=timezone.now() + timedelta(days=3))
    assert here.get("/accounts/profile/")["Location"] == "/accounts/inactive/"
    assert EXPORT in here.get("/accounts/inactive/").content.decode()
    assert ask(here)["Location"] == EXPORT
    building.drain()
    assert opened(bytes_of(here.post(DOWNLOAD)))
