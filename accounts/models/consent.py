"""What people agreed to."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone


class ConsentRewritten(TypeError):
    """Somebody tried to change what a person agreed to."""


class ConsentQuerySet(models.QuerySet["Consent"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise ConsentRewritten


class Consent(models.Model):
    """A person agreed to the terms of `version`; `digest` is the SHA-256 of the text they were shown.

    Rows are added and never changed, by the database too; they go with their person. The trail keeps
    that it happened."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents"
    )
    version = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "version", "digest"], name="one_consent_to_one_text"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} agreed to {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ConsentRewritten
        # Without this a given primary key would turn the INSERT into an UPDATE of that row.
        super().save(force_insert=True, using=kwargs.get("using"))
