"""P5: proving an address, by the code or by the link of a letter. The link's page acts on POST."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.internal.flows.signup import complete_signup
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import LinkUnusable, leading_back
from accounts.fields import WRONG_CODE, posted
from accounts.flows import addresses, proofs, sign_in, sign_up, usernames
from accounts.forms.entry import CodeForm, LinkForm
from accounts.lockout import links
from accounts.models import Confirmation, PendingSignup, User
from accounts.redirects import safe_next, to_sign_in
from accounts.requests import OwnRequest

LINK_KEY = "confirmation_link"
# Set once the chosen username turned out to be gone: only then is another one asked for. Taking one
# from anybody who sends the field would answer who has which name, without end.
USERNAME_WENT = "signup_username_went"


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def confirm_email(request: HttpRequest) -> HttpResponse:
    """The page a person waits on with the code: after sign-up, or after adding an address."""
    if request.user.is_authenticated:
        return _confirm_address(cast(OwnRequest, request))
    pending = sign_up.pending_of(request)
    if pending is None:
        # Whoever was adding an address while their session ended comes back to the code.
        return to_sign_in(safe_next(request))
    if request.method == "POST" and request.POST.get("action") == "resend":
        with leading_back(_here):
            sign_up.send_again(request, pending)
        messages.success(request, _("We sent another message. Codes sent before still work."))
        return redirect("account_email_verification_sent")
    form = CodeForm(posted(request), asks_username=USERNAME_WENT in request.session)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with leading_back(_here):
                user = sign_up.confirm_by_code(
                    request, pending, data["code"], data.get("username", "")
                )
        except sign_up.UsernameTaken as refused:
            form = _ask_username(CodeForm, request, refused.username)
            return _code_page(request, pending.email, form)
        if user:
            return _welcome(request, user, pending)
        form.add_error("code", WRONG_CODE)
    return _code_page(request, pending.email, form)


def _here() -> str:
    return reverse("account_email_verification_sent")


def _confirm_address(request: OwnRequest) -> HttpResponse:
    waiting = addresses.waiting(request.user)
    if not waiting:
        return redirect("account_email")
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with leading_back(_here):
            email = addresses.confirm_by_code(request, request.user, form.cleaned_data["code"])
        if email:
            messages.success(request, _("%(email)s is confirmed.") % {"email": email})
            return redirect("account_email")
        form.add_error("code", WRONG_CODE)
    return _code_page(request, waiting[-1], form, signed_in=True)


def _code_page(
    request: HttpRequest, email: str, form: CodeForm, *, signed_in: bool = False
) -> HttpResponse:
    context = {
        "email": email,
        "minutes": settings.POLICY_CODE_MINUTES,
        "form": form,
        "signed_in": signed_in,
    }
    return render(request, "accounts/confirm_email.html", context)


def _ask_username(form_class: Any, request: HttpRequest, taken: str, **asks: bool) -> Any:
    request.session[USERNAME_WENT] = True
    form = form_class(request.POST, asks_username=True, **asks)
    form.full_clean()
    form._errors.pop("username", None)
    form.add_error("username", usernames.taken_sentence(taken))
    return form


def _welcome(request: HttpRequest, user: User, pending: PendingSignup) -> HttpResponse:
    """Into the one road, from the browser that made the sign-up."""
    request.session.pop(sign_up.SESSION_KEY, None)
    request.session.pop(USERNAME_WENT, None)
    messages.success(request, _("Your email address is confirmed."))
    sign_in.begin(request, user)
    return complete_signup(request, user=user, redirect_url=pending.next_url or None)


@require_safe
def open_link(request: HttpRequest, key: str) -> HttpResponse:
    """A mailed link: the key leaves the address bar, and nothing else happens. Any other key leaves
    nothing behind, neither here nor in a session of its own."""
    with links.opened(request):
        if proofs.find_link(key) is None:
            raise LinkUnusable(of="confirmation")
    request.session[LINK_KEY] = key
    return redirect("account_confirm_link")


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def confirm_link(request: HttpRequest) -> HttpResponse:
    """The link's page: one button, and in another browser the password chosen at sign-up."""
    confirmation = proofs.find_link(request.session.get(LINK_KEY, ""))
    if confirmation is None or not proofs.is_open(confirmation):
        request.session.pop(LINK_KEY, None)
        if confirmation is not None and confirmation.spent_at:
            return _confirmed_before(request)
        raise LinkUnusable(of="confirmation")
    if confirmation.signup is None:
        return _confirm_address_link(request, confirmation)
    asks = {"asks_password": not sign_up.is_own_browser(request, confirmation)}
    form = LinkForm(posted(request), asks_username=USERNAME_WENT in request.session, **asks)
    if request.method == "POST" and form.is_valid():
        return _finish_link(request, confirmation, form, asks)
    return _link_page(request, confirmation, form)


def _confirmed_before(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        messages.info(request, _("This address is already confirmed."))
        return redirect("account_email")
    messages.info(request, _("This address is already confirmed. You can sign in."))
    return redirect("account_login")


def _finish_link(
    request: HttpRequest, confirmation: Confirmation, form: LinkForm, asks: dict[str, bool]
) -> HttpResponse:
    own = sign_up.is_own_browser(request, confirmation)
    try:
        user = sign_up.confirm_by_link(request, confirmation, **form.cleaned_data)
    except sign_up.UsernameTaken as refused:
        form = _ask_username(LinkForm, request, refused.username, **asks)
        return _link_page(request, confirmation, form)
    except sign_up.WrongPassword:
        form.add_error("password", _("That password is not right."))
        return _link_page(request, confirmation, form)
    if user is None:
        raise LinkUnusable(of="confirmation")
    request.session.pop(LINK_KEY, None)
    if own and confirmation.signup:
        return _welcome(request, user, confirmation.signup)
    messages.success(request, _("Your email address is confirmed. You can sign in now."))
    return redirect("account_login")


def _confirm_address_link(request: HttpRequest, confirmation: Confirmation) -> HttpResponse:
    if not request.user.is_authenticated:
        messages.info(request, _("Sign in to add this address to your account."))
        return redirect_to_login(reverse("account_confirm_link"))
    if request.method == "POST":
        if not addresses.confirm_by_link(request, request.user, confirmation):
            raise LinkUnusable(of="confirmation")
        request.session.pop(LINK_KEY, None)
        messages.success(request, _("%(email)s is confirmed.") % {"email": confirmation.email})
        return redirect("account_email")
    return _link_page(request, confirmation, LinkForm())


def _link_page(request: HttpRequest, confirmation: Confirmation, form: LinkForm) -> HttpResponse:
    context = {"email": confirmation.email, "form": form}
    return render(request, "accounts/confirm_link.html", context)
