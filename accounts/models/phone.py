"""A person's telephone number."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from audit import sealing
from audit.sealed import SealedColumn


class Phone(models.Model):
    """The number (E.164) that a person proved by a code it was sent; one a person. It rests sealed, and
    nothing finds a person by it: several people may have the same one (docs/decisions/0013)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="phone"
    )
    number = models.TextField(editable=False)
    confirmed_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"phone of {self.user_id}"

    @property
    def opened_number(self) -> str:
        """Raises SealBroken."""
        return sealing.unseal(self.number, context=_context(self.user_id)).decode()


def row_of(user_id: int, number: str) -> Phone:
    """The unsaved row of somebody whose `number` this is."""
    context = _context(user_id)
    return Phone(user_id=user_id, number=sealing.seal(number.encode(), context=context))


def _context(user_id: int) -> str:
    return f"accounts.phone number of {user_id}"


SEALED = SealedColumn(
    "phone numbers of accounts",
    Phone,
    "number",
    lambda row: _context(row.user_id),
    reads=("user_id",),
)
