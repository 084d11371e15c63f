"""The Django admin behind our own road in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, re_path
from django.utils.translation import gettext_lazy as _

from accounts import staff_acts, staff_approvals, staff_pages, staff_watch
from accounts.flows import approval_answers, rights
from accounts.redirects import safe_next

OUR_ROOMS = frozenset({"audit", "accounts", "mfa", "idp"})

ROOM_NAMES = {
    "accounts": _("Accounts"),
    "audit": _("Trail"),
    "auth": _("Rights"),
    "mfa": _("Second steps"),
}


# Of one person, by the last word of their url and of their name.
PERSON_PAGES = {
    "unlock": staff_pages.unlock,
    "lift_hold": staff_pages.lift_hold,
    "lift_limits": staff_pages.lift_limits,
    "keep": staff_pages.keep,
    "sign_out": staff_acts.sign_out,
    "switch": staff_acts.switch,
    "reset_letter": staff_acts.reset_letter,
    "resend": staff_acts.resend,
}


class StaffSite(admin.AdminSite):
    """It has no sign-in, no sign-out and no password pages: all of them are the site's own."""

    site_title = site_header = index_title = _("Staff")
    # The desk has few rooms, and its tables want the width.
    enable_nav_sidebar = False

    def get_urls(self) -> list[Any]:
        """Pages of our own first: Django's own end in one for whatever is left."""
        return [
            path("dashboard/", self.admin_view(staff_watch.dashboard), name="dashboard"),
            path(
                "dashboard/<slug:slug>.csv",
                self.admin_view(staff_watch.numbers_as_csv),
                name="dashboard_csv",
            ),
            path("explain/", self.admin_view(staff_pages.explain), name="explain"),
            path("approvals/", self.admin_view(staff_approvals.listed), name="approvals"),
            re_path(
                r"^approvals/(?P<pk>[0-9]{1,18})/$",
                self.admin_view(staff_approvals.answer),
                name="approval",
            ),
            *(
                re_path(
                    rf"^accounts/user/(?P<pk>[0-9]{{1,19}})/{page.replace('_', '-')}/$",
                    self.admin_view(view),
                    name=f"accounts_user_{page}",
                )
                for page, view in PERSON_PAGES.items()
            ),
            *super().get_urls(),
        ]

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff, in a session that proved a second step (ASVS 6.3.3): no cookie of a password alone
        opens a page here, whatever else lets it in."""
        return super().has_permission(request) and request.user.is_verified()  # type: ignore[union-attr]

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        asked = {
            "may_explain": rights.may_see(request.user),
            "waiting": len(approval_answers.waiting(request.user)),  # type: ignore[arg-type]
        }
        return super().index(request, asked | (extra_context or {}))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        may = {
            "may_watch": staff_watch.may_see(request.user),
            "may_see": rights.may_see(request.user),
        }
        return super().each_context(request) | may

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """SECURITY: none. Django's finds people by what their address holds for whoever may see them,
        beside their list, and the trail would hear nothing of it. No form here asks for it."""
        raise Http404

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Under names that say what is in there, where Django's say how it is built."""
        rooms = super().get_app_list(request, app_label)
        for room in rooms:
            room["name"] = ROOM_NAMES.get(room["app_label"], room["name"])
        return rooms

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only our own rooms put pages on the desk. A library's own would be doors nobody watches:
        allauth's move a confirmed address between people, Django's let groups be widened."""
        if admin_class is not None and admin_class.__module__.partition(".")[0] in OUR_ROOMS:
            super().register(model_or_iterable, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """A redirect into the one road (ASVS 6.3.4: one strength on all paths)."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        target = safe_next(request) or "/admin/"
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        return redirect_to_login(target)

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        return redirect("account_logout")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        return redirect("account_change_password")
