"""What staff do to one person, each on a page that says what it does and asks why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts import staff_grants
from accounts.desk import ReasonForm
from accounts.fields import posted
from accounts.flows import addresses, grants, rights, staff, staff_confirmations, staff_sessions
from accounts.models import User
from accounts.staff_pages import page_of, whom

asked = require_http_methods(["GET", "HEAD", "POST"])


class ResendForm(ReasonForm):
    address = forms.ChoiceField(
        label=gettext_lazy("Email address"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose an address."),
            "invalid_choice": gettext_lazy("That address does not wait any more. Choose another."),
        },
    )

    def __init__(self, *args: Any, waiting: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(email, email) for email in waiting]
        self.fields["address"].choices = choices  # type: ignore[attr-defined]


@asked
def sign_out(request: HttpRequest, pk: str) -> HttpResponse:
    person = _other(request, pk, rights.SIGN_OUT)
    form = ReasonForm(posted(request))
    if form.is_valid():
        ended = staff_sessions.end_all(request, person, reason=form.cleaned_data["reason"])
        said = ngettext("Signed out: %(n)d session.", "Signed out: %(n)d sessions.", ended)
        return _done(request, person, said % {"n": ended})
    number = staff_sessions.open_of(person)
    effects = [
        ngettext(
            "%(n)d session that is open now ends.", "%(n)d sessions that are open now end.", number
        )
        % {"n": number},
        _("Sign-ins under way, links that were sent and trust in their browsers end too."),
        _("The password and second steps stay: whoever has them signs in again."),
    ]
    return _confirm(request, person, form, _("Sign out everywhere"), effects)


@asked
def switch(request: HttpRequest, pk: str) -> HttpResponse:
    """Off, or on again."""
    person = _other(request, pk, rights.SWITCH)
    form = ReasonForm(posted(request))
    on = not person.is_active
    if form.is_valid():
        wanted = {"is_active": on}
        if not staff.change(request, person, wanted, reason=form.cleaned_data["reason"]):
            return _done(request, person, staff_grants.waits(person))
        said = _("Switched on: %(name)s.") if on else _("Switched off: %(name)s.")
        return _done(request, person, said % {"name": person})
    if on:
        effects = [_("They can sign in again, with the password and second steps they had.")]
        if grants.wakes(person, {"is_active": True}):
            effects.append(
                _(
                    "They are staff, so it takes two: nothing happens before a second one of you says"
                    " yes, and the letter goes out then."
                )
            )
        return _confirm(request, person, form, _("Switch on"), effects)
    effects = [
        _("Nobody signs in to this account, and its sessions end at once."),
        _("To whoever tries, it looks like a wrong password; the owner is told by email why."),
        _("Nothing is deleted: switched on again, it is as it was."),
    ]
    return _confirm(request, person, form, _("Switch off"), effects)


@asked
def reset_letter(request: HttpRequest, pk: str) -> HttpResponse:
    person = whom(request, pk, rights.SEND_RESET)
    form = ReasonForm(posted(request))
    if form.is_valid():
        if staff.send_reset_letter(request, person, reason=form.cleaned_data["reason"]):
            return _done(request, person, _("The letter goes to %(name)s.") % {"name": person})
        form.add_error(None, _("The account is switched off, so no letter was sent."))
    effects = [
        _("A letter with a link to choose a new password goes to %(email)s.")
        % {"email": person.email},
        _("The password stays as it is until they choose a new one."),
    ]
    return _confirm(request, person, form, _("Send a reset letter"), effects)


@asked
def resend(request: HttpRequest, pk: str) -> HttpResponse:
    person = whom(request, pk, rights.RESEND)
    form = ResendForm(posted(request), waiting=addresses.waiting(person))
    if form.is_valid():
        given = form.cleaned_data
        email, reason = given["address"], given["reason"]
        if staff_confirmations.resend(request, person, email, reason=reason):
            return _done(request, person, _("The letter goes to %(email)s.") % {"email": email})
        form.add_error("address", _("That address does not wait any more. Choose another."))
    effects = [
        _("A letter with a new code and link goes to the address; older ones stop working."),
        _("It confirms the address only in a session of the person who asked to add it."),
    ]
    return _confirm(request, person, form, _("Send a confirmation again"), effects)


def _other(request: HttpRequest, pk: str, permission: str) -> User:
    """`whom`, but nobody themselves: they have their own pages for it."""
    person = whom(request, pk, permission)
    if person.pk == request.user.pk:
        raise Http404
    return person


def _confirm(
    request: HttpRequest,
    person: User,
    form: ReasonForm,
    title: str,
    effects: Sequence[str],
) -> HttpResponse:
    context = {"title": title, "subtitle": str(person), "form": form, "effects": effects}
    return page_of(request, "admin/accounts/user/act.html", person, context)


def _done(request: HttpRequest, person: User, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect("admin:accounts_user_change", person.pk)
