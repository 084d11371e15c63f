"""Pages of the staff desk that belong to no table: why somebody cannot sign in, and unlocking them.
Whom a page names, the trail is told by `page_of`, which draws them all."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import own_limits
from accounts.desk import ReasonForm, is_a_number
from accounts.fields import IDENTIFIER_LENGTH, posted
from accounts.flows import rights, staff, staff_deletion, staff_hold, staff_limits
from accounts.gates import explain as gates_explained
from accounts.models import User
from accounts.own_limits import Limits
from audit import reading


class ExplainForm(forms.Form):
    """Asked by POST: neither addresses of people nor of networks stand in a url or a log."""

    identifier = forms.CharField(
        label=gettext_lazy("Email address or username"),
        max_length=IDENTIFIER_LENGTH,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "size": 40}),
        help_text=gettext_lazy("As the caller types it."),
        error_messages={"required": gettext_lazy("Enter what the caller signs in as.")},
    )
    address = forms.GenericIPAddressField(
        label=gettext_lazy("Network address (optional)"),
        required=False,
        unpack_ipv4=True,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "size": 40}),
        help_text=gettext_lazy(
            "Where the caller tries from, if they can tell. Without it, the limits of their network"
            " are not asked about."
        ),
    )
    proved = forms.BooleanField(
        label=gettext_lazy("I have made sure that the caller is the owner of this account"),
        required=False,
        help_text=gettext_lazy("Without it, you may not say whether there is an account."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("identifier", "address")
def explain(request: HttpRequest) -> HttpResponse:
    if not rights.may_see(request.user):
        raise PermissionDenied
    linked = _linked_from(request)
    form = ExplainForm(posted(request), initial={"identifier": linked.username if linked else ""})
    context: dict[str, Any] = {"title": _("Why can somebody not sign in?"), "form": form}
    if form.is_valid():
        told = gates_explained.explain_login(
            form.cleaned_data["identifier"],
            address=form.cleaned_data["address"],
            proved=form.cleaned_data["proved"],
            actor=request.user,
            request=request,
        )
        person = told.facts.user
        context |= {
            "told": told,
            "person": person,
            "may": rights.acts(request.user, person) if person is not None else (),
        }
    # What was asked has a line of its own. Whose page linked here is named by the form.
    return page_of(request, "admin/explain.html", linked, context)


def _linked_from(request: HttpRequest) -> User | None:
    """The person whose page linked here by their number."""
    number = request.GET.get("person", "")
    return User.objects.filter(pk=number).first() if is_a_number(number) else None


def whom(request: HttpRequest, pk: str, permission: str) -> User:
    """Whom a confirm page is about. Raises PermissionDenied, Http404."""
    if not rights.may_see(request.user):
        raise PermissionDenied
    person = User.objects.filter(pk=pk).first() if is_a_number(pk) else None
    if person is None:
        raise Http404
    if not rights.may(request.user, person, permission):
        raise PermissionDenied
    return person


@require_http_methods(["GET", "HEAD", "POST"])
def lift_hold(request: HttpRequest, pk: str) -> HttpResponse:
    """The confirm page of opening an account again in which a change was stopped."""
    person = whom(request, pk, rights.LIFT_HOLD)
    form = ReasonForm(posted(request))
    if form.is_valid() and person.held_since is not None:
        staff_hold.lift(request, person, reason=form.cleaned_data["reason"])
        said = _("Opened: %(name)s can sign in on any device again.") % {"name": person}
        messages.success(request, said)
        return redirect("admin:accounts_user_change", person.pk)
    context = {"title": _("Open the account"), "subtitle": str(person), "form": form}
    return page_of(request, "admin/accounts/user/lift_hold.html", person, context)


@require_http_methods(["GET", "HEAD", "POST"])
def lift_limits(request: HttpRequest, pk: str) -> HttpResponse:
    """The confirm page of taking off what somebody limited for themselves."""
    person = whom(request, pk, rights.LIFT_LIMITS)
    form = ReasonForm(posted(request))
    has_some = own_limits.of(person) != Limits()
    if form.is_valid() and has_some:
        staff_limits.lift(request, person, reason=form.cleaned_data["reason"])
        messages.success(request, _("The limits of %(name)s are off.") % {"name": person})
        return redirect("admin:accounts_user_change", person.pk)
    context = {"title": _("Lift limits"), "subtitle": str(person), "form": form}
    context["has_some"] = has_some
    return page_of(request, "admin/accounts/user/lift_limits.html", person, context)


@require_http_methods(["GET", "HEAD", "POST"])
def unlock(request: HttpRequest, pk: str) -> HttpResponse:
    """The confirm page of unlocking somebody."""
    person = whom(request, pk, rights.UNLOCK)
    form = ReasonForm(posted(request))
    if form.is_valid():
        staff.unlock(request, person, reason=form.cleaned_data["reason"])
        said = _("Unlocked: %(name)s can try to sign in at once.") % {"name": person}
        messages.success(request, said)
        return redirect("admin:accounts_user_change", person.pk)
    context = {"title": _("Unlock"), "subtitle": str(person), "form": form}
    return page_of(request, "admin/accounts/user/unlock.html", person, context)


@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest, pk: str) -> HttpResponse:
    """The confirm page of cancelling somebody's deletion."""
    person = whom(request, pk, rights.KEEP)
    if person.deletion_due_at is None:
        raise Http404
    form = ReasonForm(posted(request))
    if form.is_valid():
        if staff_deletion.cancel(request, person, reason=form.cleaned_data["reason"]):
            messages.success(request, _("The account of %(name)s is kept.") % {"name": person})
        return redirect("admin:accounts_user_change", person.pk)
    context = {"title": _("Cancel the deletion"), "subtitle": str(person), "form": form}
    return page_of(request, "admin/accounts/user/keep.html", person, context)


def page_of(
    request: HttpRequest, template: str, person: User | None, context: dict[str, Any]
) -> HttpResponse:
    """A page that names `person`, if any: that it was read stands in the trail first (at the price of
    `reading.of_person`)."""
    # SECURITY: whatever the method. A POST that is refused does nothing that has a line of its own, and
    # shows the page as well.
    if person is not None:
        reading.of_person(cast(User, request.user), request, person.subject_id)
    facts = {"opts": User._meta, "person": person, **admin.site.each_context(request), **context}
    return TemplateResponse(request, template, facts)
