"""What staff note about a person, for one another."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import sealing
from audit.sealed import SealedColumn

NOTE_LENGTH = 2_000


class StaffNote(models.Model):
    """Never changed, and gone with the person; who wrote it is named as the trail names people. The
    text rests sealed: people tell staff all kinds of things."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="staff_notes",
        db_index=False,
    )
    text = models.TextField(editable=False)
    written_by = models.CharField(max_length=36, editable=False)
    written_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        default_permissions = ("view", "add")
        indexes = [models.Index(fields=["user", "-written_at"], name="notes_about_somebody")]

    def __str__(self) -> str:
        return f"note about {self.user_id} of {self.written_at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A note is never changed.")
        super().save(force_insert=True, using=kwargs.get("using"))

    @property
    def opened_text(self) -> str:
        """Raises SealBroken."""
        return sealing.unseal(self.text, context=_context(self)).decode()


def row_of(user_id: int, written_by: str, text: str) -> StaffNote:
    """The unsaved row of a note."""
    row = StaffNote(user_id=user_id, written_by=written_by)
    row.text = sealing.seal(text.encode(), context=_context(row))
    return row


def _context(row: StaffNote) -> str:
    return f"staff note {row.pk} about {row.user_id} by {row.written_by}"


SEALED = SealedColumn(
    "notes of staff about people",
    StaffNote,
    "text",
    _context,
    reads=("user_id", "written_by"),
)
