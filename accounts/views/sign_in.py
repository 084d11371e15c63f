"""P1, P11, P14: signing in, proving it again, signing out. allauth's views, with our words."""

from __future__ import annotations

from typing import Any

from allauth.account import views as allauth_views
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext_lazy as _

from accounts.botcheck.held import restored
from accounts.redirects import safe_next

# What a person is about to do, by the name of the page that asked for the proof.
ACTIONS = {
    "account_email": _("change your email addresses"),
    "account_change_password": _("change your password"),
}


class SignInView(allauth_views.LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["signed_out"] = "signed_out" in self.request.GET
        return context


class ReauthenticateView(allauth_views.ReauthenticateView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        came_from = safe_next(self.request)
        return context | {
            "account_label": self.request.user.email,
            "action_text": _action(came_from),
            "cancel_url": came_from or reverse("account_overview"),
        }


def _action(path: str) -> Any:
    try:
        name = resolve(path.partition("?")[0]).url_name if path else ""
    except Resolver404:
        name = ""
    return ACTIONS.get(name or "", _("change how your account is protected"))


class SignOutView(allauth_views.LogoutView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "POST":
            # Never "cookies": that would wipe the device this person is known by.
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


sign_in = restored(SignInView.as_view())
reauthenticate = ReauthenticateView.as_view()
sign_out = SignOutView.as_view()
