"""P9, P10: asking for a reset, and choosing the new password."""

from __future__ import annotations

from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.botcheck import gate
from accounts.errors import LinkUnusable
from accounts.fields import posted
from accounts.flows import password_reset, text_reset
from accounts.forms.entry import ResetForm
from accounts.lockout import links
from accounts.sessions import guard

ASKED_FOR = "reset_asked_for"


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    form = ResetForm(posted(request), initial={"login": _known_identifier(request)})
    if request.method == "POST" and form.is_valid():
        identifier = form.cleaned_data["login"]
        gate.demand(request, gate.RESET, identifier)
        password_reset.ask(request, identifier, by_person=not form.is_trapped)
        request.session[ASKED_FOR] = identifier
        return redirect("account_reset_password_done")
    context = {"form": form, "by_text": text_reset.is_offered()}
    return render(request, "accounts/password_reset.html", context)


def _known_identifier(request: HttpRequest) -> str:
    return request.user.email if request.user.is_authenticated else ""


@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    identifier = request.session.get(ASKED_FOR)
    if not identifier:
        return redirect("account_reset_password")
    context = {"identifier": identifier, "minutes": settings.POLICY_RESET_LINK_MINUTES}
    return render(request, "accounts/password_reset_done.html", context)


class ChoosePasswordView(allauth_views.PasswordResetFromKeyView):
    """allauth's: opening the link moves its key into the session and cleans the address bar.

    A link that has run out, was used or was never ours is the refusal that every other such link is.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with links.opened(request):
            answer = super().dispatch(request, *args, **kwargs)
        if answer.status_code == 302 and kwargs.get("key") != self.reset_url_key:
            # SECURITY: the key of the link is in this session now: under a new key of its own.
            guard.cycle(request)
        return answer

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._first() or super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._first() or super().post(request, *args, **kwargs)

    def _first(self) -> HttpResponse | None:
        """To what must be proved before a new password is chosen, if anything."""
        first = password_reset.lacks(self.request, self.reset_user)
        return redirect(first) if first else None

    def logout(self) -> None:
        """Not done: allauth would sign out whoever follows a link for another account, and anybody
        can send such a link. Choosing the password touches only the account of the link."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if kwargs.get("token_fail"):
            raise LinkUnusable(reverse("account_reset_password"))
        context = super().get_context_data(**kwargs)
        user = getattr(self, "reset_user", None)
        context["account_label"] = user.email if user else ""
        return context


choose = ChoosePasswordView.as_view()
