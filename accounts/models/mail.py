"""The outbox: a letter or a text is a row, written in the transaction of the act it tells of."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OutgoingMail(models.Model):
    """One message to one recipient. What it says and whom it reaches are sealed until it is sent,
    and wiped then; a letter that was given up keeps both until it is purged, so that an operator
    who mends the cause can send it after all. A text that was given up keeps neither: its code has
    run out by then.
    """

    class Channel(models.TextChoices):
        LETTER = "letter"
        TEXT = "text"

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        DEAD = "dead"
        # Written so that its act costs what it costs others, and never sent: an address without an
        # account, a letter over the cap. Born finished, and gone with the next purge.
        UNWANTED = "unwanted"

    channel = models.CharField(
        max_length=8, choices=Channel.choices, default=Channel.LETTER, db_default=Channel.LETTER
    )
    # As in the message itself. Not unique: a message to three recipients is three rows.
    message_id = models.CharField(max_length=300, db_index=True)
    letter = models.CharField(max_length=60)
    # Who it is for, as the trail names people; empty for addresses without an account.
    subject_id = models.CharField(max_length=36, blank=True, db_index=True)
    recipient = models.TextField(blank=True)  # sealed address
    body = models.TextField(blank=True)  # sealed RFC 5322 bytes
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    # When it may be tried (next). A worker that takes the letter moves this behind its own lease:
    # if it dies, the letter falls due again by itself.
    due_at = models.DateTimeField(default=timezone.now)
    # After that it is not sent any more: the code in it has run out.
    expires_at = models.DateTimeField(null=True)
    lease = models.CharField(max_length=32, blank=True)
    finished_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("emails and texts")
        default_permissions = ("view",)
        permissions = (("retry_outgoingmail", "Can have messages tried again"),)
        indexes = [
            models.Index(fields=["state", "channel", "due_at"], name="mail_due"),
            models.Index(fields=["state", "finished_at"], name="mail_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.letter} {self.state}"
