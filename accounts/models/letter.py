"""What is remembered of each letter that left, so that its reader can ask whether it is ours."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.mail import OutgoingMail


class LetterRecord(models.Model):
    """One letter. Of its reference and of its address there are keyed digests only: whoever reads
    the table learns neither, and can make no letter that passes for one of ours.

    It outlives the row of the outbox, which is gone some weeks after the letter has left.
    """

    reference = models.CharField(max_length=64)
    address = models.CharField(max_length=64)
    mail = models.OneToOneField(
        OutgoingMail,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="record",
    )
    letter = models.CharField(max_length=60)
    # Who it is for, as the trail names people; empty for addresses without an account.
    subject_id = models.CharField(max_length=36, blank=True)
    # False where its letter was never to be sent: written for the work's sake, and found by nobody.
    wanted = models.BooleanField(default=True)
    # Noted when the row of the outbox goes.
    given_up = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["reference", "address"], name="letter_asked_for"),
            models.Index(fields=["subject_id", "id"], name="letter_of_person"),
            models.Index(fields=["created_at"], name="letter_age"),
            models.Index(fields=["id"], condition=models.Q(wanted=False), name="letter_unwanted"),
        ]

    def __str__(self) -> str:
        return f"{self.letter} {self.state}"

    @property
    def state(self) -> OutgoingMail.State:
        """Waiting, sent or given up. Without the outbox's row it is what its last state was; ask
        `references` for rows, which joins the two."""
        if self.mail is not None:
            return OutgoingMail.State(self.mail.state)
        return OutgoingMail.State.DEAD if self.given_up else OutgoingMail.State.SENT
