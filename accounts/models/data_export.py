"""The copy of their data that somebody asked for, until it runs out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class DataExport(models.Model):
    """One a person: a new one takes the place of the former. It waits, is built by a worker under a
    lease, and rests as sealed pieces until `expires_at`; the row stays a while, to say what became of
    it."""

    class State(models.TextChoices):
        WAITING = "waiting"
        BUILDING = "building"
        READY = "ready"
        FAILED = "failed"
        EXPIRED = "expired"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="data_export"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(default=timezone.now)
    # When a worker may take it (next). The one that does moves this behind its lease: if it dies, the
    # copy falls due again by itself.
    due_at = models.DateTimeField(default=timezone.now)
    lease = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # What the lease that finished has written, in bytes and in pieces.
    size = models.PositiveBigIntegerField(default=0)
    pieces = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("waiting", "building", "ready", "failed", "expired")),
                name="data_export_in_a_known_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready")
                | Q(size__gt=0, pieces__gt=0, expires_at__isnull=False) & ~Q(lease=""),
                name="data_export_is_ready_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="data_export_due"),
            models.Index(fields=["state", "expires_at"], name="data_export_expires"),
        ]

    def __str__(self) -> str:
        return f"copy for {self.user_id}, {self.state}"


class DataExportPiece(models.Model):
    """Piece `number` of what one lease wrote, sealed to its place: base64 of AES-256-GCM."""

    export = models.ForeignKey(
        DataExport, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    lease = models.CharField(max_length=32)
    number = models.PositiveIntegerField()
    sealed = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["export", "lease", "number"], name="one_piece_of_a_copy_in_its_place"
            )
        ]

    def __str__(self) -> str:
        return f"piece {self.number} of copy {self.export_id}"
