"""What staff noted about somebody, as it is handed out: without who of them it was."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from accounts.flows import staff_notes
from accounts.models import User
from accounts.personal_data import Row, Section


def _rows(user: User) -> Iterator[Row]:
    for at, text in staff_notes.every_about(user):
        yield {"written_at": at, "text": text}


NOTES = Section(
    "staff-notes",
    _("What staff noted about you"),
    {"written_at": _("When"), "text": _("Note")},
    _rows,
    tables=("accounts.StaffNote",),
)
