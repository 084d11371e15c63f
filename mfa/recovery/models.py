"""Requests to set up a new second step without the old one, and what stops or hastens them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class RecoveryRequest(models.Model):
    """Waits from `requested_at` to `ready_at` and can be used until `ends_at`, under the credentials
    it began under and no others. Written for what begins nothing too, `void` and nobody's, so that
    the work tells nothing; such a row opens nothing.

    Whoever changes one locks its person first; `User.recovery_ready_at` says the same in short.
    """

    class State(models.TextChoices):
        VOID = "void", _("Begins nothing")
        WAITING = "waiting", _("Waiting")
        STOPPED = "stopped", _("Stopped")
        FINISHED = "finished", _("Finished")
        EXPIRED = "expired", _("Ran out")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("person"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    requested_at = models.DateTimeField(_("asked for"), default=timezone.now)
    ready_at = models.DateTimeField(_("can be used from"))
    ends_at = models.DateTimeField(_("and until"))
    closed_at = models.DateTimeField(_("over since"), null=True)
    credentials_version = models.PositiveIntegerField(default=0)
    # The day (UTC) of the last letters, so that of several workers one writes them.
    last_told_on = models.DateField(null=True)
    # Whether a stop still speaks against another request: not after a recovery, or a word of staff.
    counts = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("request for a new second step")
        verbose_name_plural = _("requests for a new second step")
        permissions = [
            ("shorten_recoveryrequest", _("Can let a waiting person set up a new second step now")),
            ("remove_second_step", _("Can remove all second steps of a person")),
            ("remove_method", _("Can remove one second step or passkey of a person")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="waiting"), name="one_recovery_waits_a_person"
            ),
            models.CheckConstraint(
                condition=Q(state="void", user=None) | (~Q(state="void") & Q(user__isnull=False)),
                name="recovery_is_somebodys_or_void",
            ),
            models.CheckConstraint(
                condition=Q(ready_at__gte=F("requested_at"), ends_at__gt=F("ready_at")),
                name="recovery_is_ready_before_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or '–'}, {self.requested_at:%Y-%m-%d}"


class RecoveryStopKey(models.Model):
    """The digest of the key in the letters of one day. Those of earlier days work on."""

    request = models.ForeignKey(RecoveryRequest, on_delete=models.CASCADE, related_name="stop_keys")
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return f"stop key of {self.request_id}"
