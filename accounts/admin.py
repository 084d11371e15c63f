"""Staff's view of people. No password stands here, and nobody rises above whoever lifts them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.flows import staff
from accounts.flows.profile import TIME_ZONES
from accounts.models import User

FLAGS = ("is_active", "is_staff", "is_superuser")
LOOKUPS = frozenset(
    [f"{flag}__exact" for flag in FLAGS]
    + [f"{date}__{how}" for date in ("created_at", "last_login") for how in ("gte", "lt", "isnull")]
)
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class ReasonForm(forms.Form):
    """Why a member of staff does what they do; it is told to the person and kept in the trail."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        min_length=3,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The person is told, and it is kept in the trail."),
    )


@admin.register(User)
class PersonAdmin(admin.ModelAdmin):
    """People are found and helped here. They sign themselves up, and nobody sets their password."""

    list_display = (
        "username",
        "email",
        "name",
        "is_active",
        "is_staff",
        "created_at",
        "last_login",
    )
    list_filter = ("is_active", "is_staff", "is_superuser", "created_at", "last_login")
    search_fields = ("username", "email", "name", "=id", "uuid")
    ordering = ("-id",)
    show_full_result_count = False
    list_per_page = 50
    actions = ("send_reset_letter",)
    fieldsets = (
        (None, {"fields": ("username", "email", "name", "language", "time_zone")}),
        (_("Access"), {"fields": ("is_active", *RIGHTS)}),
        (_("Dates"), {"fields": ("created_at", "last_login", "password_changed_at", "uuid")}),
        (_("This change"), {"fields": ("reason",)}),
    )
    readonly_fields = (
        "username", "email", "created_at", "last_login", "password_changed_at", "uuid",
    )  # fmt: skip
    filter_horizontal = ("groups", "user_permissions")

    class form(forms.ModelForm):
        language = forms.ChoiceField(choices=settings.LANGUAGES)
        time_zone = forms.ChoiceField(choices=[(zone, zone) for zone in TIME_ZONES])
        reason = ReasonForm.base_fields["reason"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """SECURITY: the filters that are shown, and no other. Django allows any lookup on any own
        column, which reads a password's hash letter by letter (`password__regex`), or stalls."""
        return lookup in LOOKUPS

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        chosen = request.POST.getlist("_selected_action")
        if not all(key.isdecimal() and key.isascii() and len(key) < 19 for key in chosen):
            raise SuspiciousOperation("A chosen row is no number.")
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or staff.may_change(request.user, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, *RIGHTS)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        sets = super().get_fieldsets(request, obj)
        return sets if self.has_change_permission(request, obj) else sets[:-1]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Through the flow, which writes the trail and tells the person."""
        changed = [field for field in form.changed_data if field != "reason"]
        staff.change(request, obj, fields=changed, reason=form.cleaned_data["reason"])

    @admin.action(description=_("Send a letter to choose a new password"), permissions=["change"])
    def send_reset_letter(
        self, request: HttpRequest, people: QuerySet[User]
    ) -> HttpResponse | None:
        chosen = [person for person in people if staff.may_change(request.user, person)]
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": _("Send a letter to choose a new password"),
                "people": chosen,
                "form": form,
                "opts": self.model._meta,
            }
            return TemplateResponse(request, "admin/accounts/user/reset_letter.html", context)
        sent = [
            person
            for person in chosen
            if staff.send_reset_letter(request, person, reason=form.cleaned_data["reason"])
        ]
        sentence = ngettext(
            "The letter goes to %(count)d person.",
            "The letter goes to %(count)d people.",
            len(sent),
        )
        self.message_user(request, sentence % {"count": len(sent)}, messages.SUCCESS)
        return HttpResponseRedirect(request.get_full_path())


@admin.register(Group)
class SuperuserOnly(admin.ModelAdmin):
    """Whoever edits groups decides rights, so it takes the highest to do it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    has_view_permission = has_add_permission = has_change_permission = has_delete_permission = (
        lambda self, request, obj=None: self.has_module_permission(request)
    )
