"""Which networks may come: rules that staff and operators set, and that stay as history."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.events import LONGEST_REASON

NOTE_LENGTH = LONGEST_REASON
# Nobody remembers why a network was shut out longer ago, and addresses change hands.
LONGEST = timedelta(days=366)


class NetworkRules(models.QuerySet["NetworkRule"]):
    def standing(self, at: datetime) -> NetworkRules:
        """What decides at that moment. A lapsed allow rule lets nobody in, and yet belongs here:
        the list it stood on stays closed until somebody ends it (see `accounts.networks.rules`)."""
        return self.filter(Q(kind=NetworkRule.Kind.ALLOW) | Q(ends_at__gt=at), ended_at=None)


class NetworkRule(models.Model):
    """One network that is let in or kept out. Nothing of it changes but its end, and no row goes:
    snapshots know a rule by its number (`accounts.networks.snapshot`), the trail names it so."""

    class Kind(models.TextChoices):
        ALLOW = "allow", _("Allow")
        DENY = "deny", _("Deny")

    class Scope(models.TextChoices):
        SITE = "site", _("Whole site")
        ADMIN = "admin", _("Staff pages only")

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        LAPSED = "lapsed", _("Ran out")
        ENDED = "ended", _("Ended")

    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    scope = models.CharField(_("place"), max_length=5, choices=Scope.choices, default=Scope.SITE)
    # As `accounts.networks.parsing` writes it: 203.0.113.0/24, 2001:db8::/32.
    network = models.CharField(_("network"), max_length=43)
    note = models.CharField(_("note"), max_length=NOTE_LENGTH)
    created_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    # As the trail names people; empty for the command line.
    created_by = models.CharField(max_length=36, blank=True, editable=False)
    ends_at = models.DateTimeField(_("runs out"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    ended_by = models.CharField(max_length=36, blank=True, editable=False)
    end_note = models.CharField(_("why it was ended"), max_length=NOTE_LENGTH, editable=False)

    objects = NetworkRules.as_manager()

    class Meta:
        verbose_name = _("network rule")
        verbose_name_plural = _("network rules")
        default_permissions = ("view", "add", "change")  # "change" is to end one
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["allow", "deny"]), name="network_rule_has_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["site", "admin"]), name="network_rule_has_a_scope"
            ),
            models.CheckConstraint(
                condition=~Q(network="") & ~Q(note=""), name="network_rule_says_why"
            ),
            models.CheckConstraint(
                condition=Q(kind="allow") | Q(ends_at__isnull=False), name="network_deny_runs_out"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True)
                | Q(ends_at__gt=F("created_at"), ends_at__lte=F("created_at") + LONGEST),
                name="network_rule_runs_out_in_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_note="")
                | Q(ended_at__isnull=False) & ~Q(end_note=""),
                name="network_rule_end_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "ends_at"],
                condition=Q(ended_at__isnull=True),
                name="network_rules_standing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.network}"

    def state(self, at: datetime) -> State:
        if self.ended_at is not None:
            return self.State.ENDED
        return self.State.LAPSED if self.ends_at and self.ends_at <= at else self.State.ACTIVE
