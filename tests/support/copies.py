"""Asking for the copy of one's data, letting it be built, and opening what was downloaded."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.exports import building, pieces
from accounts.models import DataExport, User
from tests.support.visitor import Visitor

DATA, EXPORT, DOWNLOAD = (
    "/accounts/data/",
    "/accounts/data/export/",
    "/accounts/data/export/download/",
)


def ask(browser: Visitor) -> Any:
    return browser.post(EXPORT)


def built_for(user: User) -> DataExport:
    """A copy that is ready, as if they had asked for it."""
    DataExport.objects.filter(user=user).delete()
    DataExport.objects.create(user=user)
    assert building.drain().built == 1
    return DataExport.objects.get(user=user)


def resting(user: User, content: bytes) -> DataExport:
    """A copy of theirs that rests, and is only this."""
    export = DataExport.objects.create(user=user)
    export.lease, export.state = "0" * 32, DataExport.State.BUILDING
    export.save()
    sink = pieces.Sink(export)
    sink.write(content)
    sink.close()
    export.state, export.size, export.pieces = DataExport.State.READY, sink.size, sink.pieces
    export.expires_at = timezone.now() + timedelta(days=1)
    export.save()
    return export


def bytes_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def opened(content: bytes) -> dict[str, bytes]:
    """Each file of the ZIP; fails if one is damaged."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(content: bytes, section: str) -> list[dict[str, Any]]:
    return list(json.loads(opened(content)[f"json/{section}.json"])["rows"])
