"""Everything the site keeps, opened with its own keys: to look for what may not be in there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from django.apps import apps
from django.db import models

from accounts.models import OutgoingMail, Session
from audit import sealing, trail
from audit.models import Entry
from tests.support.mailbox import _opened


class Text(NamedTuple):
    where: str
    text: str
    room: int | None = None  # how many characters its column has


def texts() -> Iterator[Text]:
    yield from columns()
    for session in Session.objects.all():
        opened = sealing.unseal(session.data, context=f"session {session.key}").decode()
        yield Text("what a session holds", opened)
    for mail in OutgoingMail.objects.exclude(body="").filter(channel="letter"):
        letter = _opened(mail)
        for part in (letter.to, letter.subject, letter.text, letter.html):
            yield Text(f"letter {letter.kind}", part)
    for subject in Entry.objects.values_list("subject_id", flat=True).distinct():
        for line in trail.entries_of(subject, limit=1000):
            yield Text("label in the trail", line.label)
            yield Text("device in the trail", line.device)


def columns() -> Iterator[Text]:
    """Every text in every column of every table, as it lies there."""
    for model in apps.get_models():
        fields = model._meta.concrete_fields
        wanted = [
            field
            for field in fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]
        rows = model._base_manager.values_list(*(field.attname for field in wanted))
        for row in rows if wanted else ():  # asked for no column, Django gives them all
            for field, value in zip(wanted, row, strict=True):
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                yield Text(
                    f"{model._meta.label}.{field.name}", text, getattr(field, "max_length", None)
                )
