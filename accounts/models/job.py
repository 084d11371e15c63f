"""What the worker did last of each of its jobs."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class JobRun(models.Model):
    """One row a job, of all workers together: its last run that went well, and its last error. Written
    once a run (accounts/jobs.py)."""

    name = models.CharField(max_length=100, primary_key=True)
    first_at = models.DateTimeField(default=timezone.now)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    rows = models.PositiveBigIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    # Kind and place, never words: databases and mail servers quote what people typed.
    error = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name
