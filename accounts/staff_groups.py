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

from accounts import roles, staff_grants
from accounts.desk import Desk, reason_field
from accounts.flows import groups, role_names
from accounts.validators import normalise_name


class GroupForm(forms.ModelForm):
    reason = reason_field(_("It is kept in the trail."))

    class Meta:
        field_classes = {"permissions": staff_grants.ActsField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields and self.instance.name in roles.ROLES:
            said = {"name": roles.called(self.instance.name)}
            hint = _("It came with the site and keeps its name. It is shown as “%(name)s”.")
            self.fields["name"].help_text = hint % said
            self.fields["name"].disabled = True

    def clean_name(self) -> str:
        name = normalise_name(self.cleaned_data["name"])
        role_names.check(self.instance, name)
        return name


@admin.register(Group)
class GroupAdmin(Desk):
    """Whoever edits groups decides rights, so it takes those who grant them to do it."""

    form = GroupForm
    search_fields = ("name",)
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "reason")}),
        (_("Permissions"), {"fields": ("permissions",)}),
    )

    list_display = ("called", "members")

    def title_of(self, obj: Group) -> str:
        return roles.called(obj.name)

    @admin.display(description=_("Name"), ordering="name")
    def called(self, group: Group) -> str:
        return roles.called(group.name)

    @admin.display(description=_("People"))
    def members(self, group: Group) -> int:
        return group.user_set.count()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return groups.may_edit(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return groups.may_edit(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return groups.may_edit(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return groups.may_edit(request.user, obj)

    has_delete_permission = has_change_permission

    def keep(self, request: HttpRequest, obj: Group, values: dict[str, Any], reason: str) -> str:
        if groups.save(request, obj, values, reason=reason):
            return ""
        return str(
            _(
                "What you asked for about %(name)s waits for a second one of you: see “What takes two"
                " of staff”."
            )
            % {"name": roles.called(obj.name)}
        )

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        groups.delete(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """All of them, or none."""
        with transaction.atomic():
            for group in queryset.order_by("pk"):  # everybody locks in this order
                groups.delete(request, group)
