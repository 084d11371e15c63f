"""Groups on the staff desk: who may do what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import Desk, reason_field
from accounts.flows import groups


class GroupForm(forms.ModelForm):
    reason = reason_field(_("It is kept in the trail."))


@admin.register(Group)
class GroupAdmin(Desk):
    """Whoever edits groups decides rights, so it takes the highest to do it."""

    form = GroupForm
    search_fields = ("name",)
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "reason")}),
        (_("Permissions"), {"fields": ("permissions",)}),
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    has_view_permission = has_add_permission = has_change_permission = has_delete_permission = (
        lambda self, request, obj=None: self.has_module_permission(request)
    )

    def keep(self, request: HttpRequest, obj: Group, values: dict[str, Any], reason: str) -> None:
        groups.save(request, obj, values, reason=reason)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        groups.delete(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """All of them, or none."""
        with transaction.atomic():
            for group in queryset:
                groups.delete(request, group)
