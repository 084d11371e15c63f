"""Codes that are sent: to the main address, or as a text to a number that the person proved. What is
sent and typed back is kept by accounts/flows/sent_codes.py; these rows say that somebody uses them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import User
from audit import sealing
from audit.sealed import SealedColumn
from mfa.devices.guesses import Guessed


class MailedCode(Guessed):
    """Codes to the main address as a second step. One a person."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user"], name="mailed_codes_once_a_person")]


class TextedCode(Guessed):
    """Codes as texts to a number (E.164), which rests sealed. One a person."""

    number = models.TextField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user"], name="texted_codes_once_a_person")]

    @property
    def opened_number(self) -> str:
        """Raises SealBroken."""
        return sealing.unseal(self.number, context=number_context(self.user_id)).decode()


def row_of(user: User, number: str) -> TextedCode:
    """The unsaved row of somebody to whose `number` codes go."""
    sealed = number_context(user.pk)
    return TextedCode(user=user, name="text", number=sealing.seal(number.encode(), context=sealed))


def number_context(user_id: int) -> str:
    return f"mfa.texted_code number of {user_id}"


SEALED = SealedColumn(
    "telephone numbers",
    TextedCode,
    "number",
    lambda row: number_context(row.user_id),
    reads=("user_id",),
)
