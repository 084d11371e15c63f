"""What one member of staff asked to have done, until a second one says so too."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Approval(models.Model):
    """`person`: whom it is about, None where it is about nobody. `about`: what of theirs, or what else,
    by its number; 0 for all. `asked` says exactly what, so that the second says yes to that and to
    nothing else. `permission`: what both of them need.

    `asked_version` and `approved_version` are the `credentials_version` of who asked and who said yes,
    as they did: `credentials_version` is that of `person`. 0 counts as nobody's.

    `approved_by` is somebody only where the asker goes on by themselves afterwards: anything else is
    done with the second word, and its row is gone.
    """

    act = models.CharField(max_length=20)
    permission = models.CharField(max_length=100)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    about = models.PositiveBigIntegerField(default=0)
    asked = models.JSONField(default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    asked_version = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=400)
    asked_at = models.DateTimeField(default=timezone.now)
    credentials_version = models.PositiveIntegerField(default=0)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    approved_version = models.PositiveIntegerField(default=0)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person", "act"],
                condition=Q(person__isnull=False),
                name="one_word_waits_an_act",
            ),
            models.UniqueConstraint(
                fields=["asked_by", "act", "about"],
                condition=Q(person__isnull=True),
                name="one_word_waits_an_asker",
            ),
            models.CheckConstraint(
                condition=Q(person=None) | ~Q(person=F("asked_by")),
                name="nobody_approves_for_themselves",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False)
                    & ~Q(approved_by=F("asked_by"))
                ),
                name="approvals_take_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} of {self.person_id or 'nobody'}"
