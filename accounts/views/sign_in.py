"""P1, P11, P14: signing in, proving it again, signing out. allauth's views, with our words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account import views as allauth_views
from allauth.account.internal.stagekit import get_pending_stage
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from accounts import step_up
from accounts.botcheck.held import restored
from accounts.forms.entry import SignInForm
from accounts.lockout.handler import LOCKED
from accounts.redirects import NEXT_FIELD, safe_next
from accounts.views.unlock import TYPED


class SignInView(allauth_views.LoginView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What allauth's does, without the decorators it has on methods: those are made anew for
        each request, at a fifteenth of a whole sign-in. Two stand on the function below; that no
        cache keeps anything, a middleware sees to for all pages."""
        if request.user.is_authenticated:
            return HttpResponseRedirect(self.get_authenticated_redirect_url())
        stage = get_pending_stage(request)
        if stage and stage.is_resumable(request):
            elsewhere = self._redirect_to_pending_stage(request, stage)
            if elsewhere is not None:
                return elsewhere
        return View.dispatch(self, request, *args, **kwargs)  # type: ignore[return-value]

    def get_form_class(self) -> type[SignInForm]:
        """Not by ACCOUNT_FORMS, which would be looked up and imported each time."""
        return SignInForm

    def get_initial(self) -> dict[str, Any]:
        return super().get_initial() | {"login": self.request.session.get(TYPED, "")}

    def form_valid(self, form: Any) -> HttpResponse:
        self.request.session.pop(TYPED, None)
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["signed_out"] = "signed_out" in self.request.GET
        if settings.POLICY_SIGN_IN_BY_CODE:
            after = safe_next(self.request)
            query = f"?{urlencode({NEXT_FIELD: after})}" if after else ""
            context["code_url"] = reverse("account_request_login_code") + query
        return context

    def form_invalid(self, form: Any) -> HttpResponse:
        # What a limit refused is answered by axes' middleware, with the page of the limit: to draw
        # this one first would be a third of what a refusal costs.
        if getattr(self.request, LOCKED, False):
            return HttpResponse(status=429)
        return super().form_invalid(form)


class ReauthenticateView(allauth_views.ReauthenticateView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | step_up.page_context(self.request)

    def form_valid(self, form: Any) -> HttpResponse:
        step_up.lead_back_to_what_was_posted(self.request)
        return super().form_valid(form)


class SignOutView(allauth_views.LogoutView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "POST":
            # Never "cookies": that would wipe the device this person is known by.
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


sign_in = restored(login_not_required(sensitive_post_parameters()(SignInView.as_view())))
reauthenticate = step_up.by_signing_in(ReauthenticateView.as_view())
sign_out = SignOutView.as_view()
