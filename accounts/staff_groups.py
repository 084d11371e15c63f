"""Groups on the staff desk: who may do what."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import roles, staff_grants
from accounts.desk import Desk, reason_field
from accounts.flows import groups, rights, role_names
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


class DeleteForm(forms.Form):
    reason = reason_field(_("It is kept in the trail."))


@admin.register(Group)
class GroupAdmin(Desk):
    """Whoever edits groups decides rights, so it takes those who grant them to do it."""

    form = GroupForm
    nothing = _("There are no roles.")
    search_fields = ("name",)
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "reason")}),
        (_("Permissions"), {"fields": ("permissions",)}),
    )

    list_display = ("called", "members")
    actions = ("delete_selected",)

    def has_history(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(rights.SEE_EVENTS))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """What was changed of it, among the events, for those who may read them."""
        group = self.get_object(request, unquote(object_id))
        if group is None or not self.has_view_permission(request, group):
            raise Http404
        return redirect(f"{reverse('admin:audit_entry_changelist')}?role={group.pk}")

    def title_of(self, obj: Group) -> str:
        return roles.called(obj.name)

    @admin.display(description=_("Name"), ordering="name")
    def called(self, group: Group) -> str:
        return roles.called(group.name)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(people=Count("user"))

    @admin.display(description=_("People"), ordering="people")
    def members(self, group: Any) -> int:
        return int(group.people)

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

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """With a reason, as everything that is done here. Django's own page asks for none."""
        group = self.get_object(request, unquote(object_id))
        if group is None:
            raise Http404
        if not self.has_delete_permission(request, group):
            raise PermissionDenied
        return self._delete(request, [group])

    @admin.action(description=_("Delete the chosen roles"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Group]) -> Any:
        """All of them, or none."""
        chosen = list(queryset.order_by("pk"))
        if not all(self.has_delete_permission(request, group) for group in chosen):
            raise PermissionDenied
        return self._delete(request, chosen, action="delete_selected")

    def _delete(self, request: HttpRequest, chosen: list[Group], *, action: str = "") -> Any:
        form = DeleteForm(request.POST if "post" in request.POST else None)
        if form.is_valid():
            groups.delete(request, chosen, reason=form.cleaned_data["reason"])
            names = ", ".join(roles.called(group.name) for group in chosen)
            self.message_user(request, _("Deleted: %(names)s.") % {"names": names})
            return redirect("admin:auth_group_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Delete roles"),
            "roles": [(roles.called(group.name), self.members(group)) for group in chosen],
            "chosen": [group.pk for group in chosen] if action else [],
            "form": form,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/auth/group/delete.html", context)
