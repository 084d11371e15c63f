"""The jobs of the worker on the staff desk: when each was done last, and which are late."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts import job_status
from accounts.desk import Desk
from accounts.models import JobRun


@admin.register(JobRun)
class JobRunAdmin(Desk):
    """Looked at; nothing is edited. What has never run stands there too, so the list is not that of the
    table."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = job_status.statuses()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Jobs"),
            "jobs": sorted(found, key=lambda one: one.is_well),
            "ill": [one for one in found if not one.is_well],
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/accounts/jobrun/list.html", context)
