"""The trail: rows that say what happened, and are never changed (docs/decisions/0001)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AppendOnly(TypeError):
    """Somebody tried to change or delete entries of the trail."""


class SubjectKey(models.Model):
    """The key that seals one subject's personal facts, itself sealed under the key ring.

    `subject_id` is a person's opaque id, or `month-2026-11`: the key of everybody's network addresses
    in that month and of strangers' entries. An empty `key` means forgotten, as the mac in `forgotten`
    proves: entries stay and verify, are not read, and nothing personal is written under it again.
    """

    subject_id = models.CharField(max_length=64, primary_key=True)
    key = models.TextField(blank=True)
    forgotten = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"key of {self.subject_id}"


class Head(models.Model):
    """The end of the chain, one row: who adds to the chain locks it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.PositiveBigIntegerField(default=0)
    seal = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_head")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.seal}"


class Segment(models.Model):
    """A stretch of the chain, `first` to `last` of its sequence, that is full and told outside: `seal`
    is that of its last entry. Its entries may go together; it stays, and the rest hangs on its seal.

    `mac` covers bounds, seal, times and whether it was told and pruned, so that nobody passes a hole
    off as one, has it pruned before its time, or keeps its head from being told. Bounds are not unique:
    one that somebody else wrote would keep ours from being written. Who closes one locks the head.
    """

    first = models.PositiveBigIntegerField(db_index=True)
    last = models.PositiveBigIntegerField(db_index=True)
    seal = models.CharField(max_length=64)
    # Of its first and its last entry.
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    closed_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)
    pruned_at = models.DateTimeField(null=True)
    mac = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first__lte=models.F("last")), name="segment_bounds")
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class HourCount(models.Model):
    """How often an event happened in one hour (UTC), by the fact that its kind is counted by. Added
    to as entries are chained, so that each counts once."""

    hour = models.DateTimeField()
    event = models.CharField(max_length=60)
    detail = models.CharField(max_length=60, blank=True)
    count = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "event", "detail"], name="one_count_an_hour")
        ]
        indexes = [models.Index(fields=["event", "hour"], name="count_event")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.event} {self.detail}: {self.count}"


class HourFailures(models.Model):
    """Failed tries in one hour from one network (the digest of its /24 or /64) or at one account (the
    opaque id, or the digest of a name that nobody has)."""

    class Whose(models.TextChoices):
        NETWORK = "network"
        ACCOUNT = "account"

    hour = models.DateTimeField()
    whose = models.CharField(max_length=10, choices=Whose)
    key = models.CharField(max_length=64)
    count = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = "failures by hour"
        constraints = [
            models.UniqueConstraint(fields=["hour", "whose", "key"], name="one_failure_row_an_hour")
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.whose} {self.key[:8]}: {self.count}"


class DailyFailures(models.Model):
    """Of one day (UTC) where most tries failed: HourFailures has too many rows. `key` as there."""

    day = models.DateField()
    whose = models.CharField(max_length=10, choices=HourFailures.Whose)
    key = models.CharField(max_length=64)
    count = models.PositiveBigIntegerField()
    noted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "failures by day"
        constraints = [
            models.UniqueConstraint(fields=["day", "whose", "key"], name="one_failure_row_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.whose} {self.key[:8]}: {self.count}"


class DailyGauge(models.Model):
    """How much there was of something on one day (UTC), as it was sampled last: what cannot be counted
    from what happened. Numbers come from WATCH_SOURCES (audit/watch/gauges.py)."""

    day = models.DateField()
    name = models.CharField(max_length=40)
    detail = models.CharField(max_length=100, blank=True)
    value = models.PositiveBigIntegerField()
    sampled_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        permissions = [("view_dashboard", _("Can see the dashboard"))]
        constraints = [
            models.UniqueConstraint(fields=["day", "name", "detail"], name="one_gauge_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name} {self.detail}: {self.value}"


class Alert(models.Model):
    """Something that a rule found (audit/alerts/rules.py): at most one that is open for each rule and
    whatever it is about. `about` is a person's opaque id, the digest of a name that nobody has or of a
    network, or nothing: the site. `numbers` are how much there was in which hour (UTC), and what is
    usual then. `told_at` is empty until the letter about it is written, `called_at` until the webhook
    took it, or it was given up."""

    class State(models.TextChoices):
        NEW = "new", _("New")
        SEEN = "seen", _("Seen")
        MUTED = "muted", _("Muted")
        CLOSED = "closed", _("Closed")

    rule = models.CharField(max_length=40)
    about = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    opened_at = models.DateTimeField(default=timezone.now)
    found_at = models.DateTimeField(default=timezone.now)
    times = models.PositiveBigIntegerField(default=1)
    numbers = models.JSONField(default=dict)
    muted_until = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    called_at = models.DateTimeField(null=True)
    calls = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        default_permissions = ("view",)
        permissions = [("handle_alert", "Can handle alerts")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "about"], condition=~Q(state="closed"), name="one_open_alert"
            )
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="alert_state"),
            models.Index(fields=["rule", "about", "-closed_at"], name="alert_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.about[:8]}".rstrip()


class AlertCheck(models.Model):
    """How far the rules have looked, one row: up to which place of the chain, and when; and when a
    letter was last written. Who keeps what was found locks it. The webhook was called last, in vain, at
    `tried_at`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.PositiveBigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_alert_check")]

    def __str__(self) -> str:
        return f"up to {self.sequence}"


class EntryQuerySet(models.QuerySet["Entry"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly


class Entry(models.Model):
    """One thing that happened. Made by `audit.trail.record` alone.

    In clear: what, opaque ids of who and whom, when, the request, the facts its event allows.
    Sealed in `personal` under the key named `personal_key`: label, address, device. `ip_digest`
    and `network_digest` (the /24 or /64) are keyed, for searching. No foreign keys: a row outlives
    the people in it. `mac` says that the site wrote it so (audit/chain/seals.py). `sequence` and
    `seal` are empty until the worker chains the row; that is the one change the database lets
    through, once.
    """

    sequence = models.PositiveBigIntegerField(null=True, unique=True, editable=False)
    seal = models.CharField(max_length=64, null=True, editable=False)
    event = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)
    actor_id = models.CharField(max_length=64, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    facts = models.JSONField(default=dict)
    personal_key = models.CharField(max_length=64, blank=True)
    personal = models.BinaryField(default=b"")
    ip_digest = models.CharField(max_length=64, blank=True)
    network_digest = models.CharField(max_length=64, blank=True)
    mac = models.BinaryField(max_length=16, default=b"")

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        default_permissions = ("view",)
        permissions = [
            ("view_addresses", "Can see network addresses in the trail"),
            ("export_entries", "Can export the trail"),
        ]
        indexes = [
            models.Index(fields=["subject_id", "-id"], name="entry_subject"),
            # Strangers can add failures to a history: the newest sign-in is found past them.
            models.Index(fields=["subject_id", "event", "-id"], name="entry_subject_event"),
            models.Index(fields=["actor_id", "-id"], name="entry_actor"),
            models.Index(fields=["event", "-id"], name="entry_event"),
            models.Index(fields=["at"], name="entry_at"),
            models.Index(fields=["ip_digest", "-id"], name="entry_ip"),
            models.Index(fields=["network_digest", "-id"], name="entry_network"),
            models.Index(fields=["request_id"], name="entry_request"),
            # What the worker has not chained yet: a handful, whatever the table holds.
            models.Index(fields=["id"], condition=Q(sequence=None), name="entry_not_chained"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sequence__isnull=True, seal__isnull=True)
                | Q(sequence__isnull=False, seal__isnull=False),
                name="entry_is_sealed_whole",
            ),
            # The chain begins at 1: whatever stands before it would be in no chain.
            models.CheckConstraint(condition=Q(sequence__gte=1), name="entry_place"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.event}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        # Without this a given primary key would turn the INSERT into an UPDATE of that row.
        super().save(force_insert=True, using=kwargs.get("using"))

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly
