"""What waits for a second one of staff, on the desk: the list, and the page of saying yes or no."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.desk import reason_field
from accounts.fields import posted
from accounts.flows import approval_answers, approvals, approvers
from accounts.models import Approval
from accounts.requests import OwnRequest
from audit import reading

YES, NO = "yes", "no"


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label=gettext_lazy("Answer"),
        choices=[(YES, gettext_lazy("Yes")), (NO, gettext_lazy("No"))],
        error_messages={
            "required": gettext_lazy("Say yes or no."),
            "invalid_choice": gettext_lazy("Say yes or no."),
        },
    )
    reason = reason_field(gettext_lazy("The colleague is told, and it is kept in the trail."))


@require_safe
def listed(request: OwnRequest) -> HttpResponse:
    waiting = approval_answers.waiting(request.user)
    mine = [row for row in waiting if row.asked_by_id == request.user.pk]
    others = approvers.of_each([approvals.wish_of(row) for row in mine], request.user)
    alone = {row.pk for row, several in zip(mine, others, strict=True) if not several}
    rows = [_shown(request, row, alone=row.pk in alone) for row in waiting]
    if any(row.person or row not in mine for row in waiting):
        reading.of_people(request.user, request, ["approvals"])  # before they are named
    return _page(
        request,
        "admin/approvals.html",
        {
            "title": _("What takes two of staff"),
            "rows": rows,
            "hours": approvals.HOURS,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: OwnRequest, pk: str) -> HttpResponse:
    """The confirm page. What the second one does by asking for the same has its own."""
    row = approval_answers.find(int(pk))
    if row is None:
        raise Http404
    mine = row.asked_by_id == request.user.pk
    if not (mine or approval_answers.may_decide(request.user, row)):
        raise Http404
    form = AnswerForm(posted(request))
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        if form.cleaned_data["answer"] == YES:
            approval_answers.approve(request, row, reason=reason)
            messages.success(request, _("Approved. Your colleague is told by letter."))
        else:
            approval_answers.refuse(request, row, reason=reason)
            said = _("Taken back.") if mine else _("Refused. Your colleague is told by letter.")
            messages.success(request, said)
        return redirect("admin:approvals")
    title = _("Take the request back") if mine else _("Give the second word")
    alone = mine and not approvers.others(approvals.wish_of(row), request.user)
    shown = _shown(request, row, alone=alone)
    if row.person is not None:
        reading.of_person(request.user, request, row.person.subject_id)
    context = {"title": title, "form": form, "row": shown}
    return _page(request, "admin/approval.html", context)


def _shown(request: OwnRequest, row: Approval, *, alone: bool) -> dict[str, Any]:
    """`alone`: there is nobody to say yes. Then the command line does it, where there is a command."""
    kind = approvals.kinds()[row.act]
    mine = row.asked_by_id == request.user.pk
    return {
        "row": row,
        "name": kind.name,
        "details": kind.said(approvals.wish_of(row)),
        "ends_at": approvals.ends_at(row),
        "mine": mine,
        "page": kind.page(row) if kind.page and not mine else "",
        "goes_on": kind.prepare is None,
        "alone": alone,
        "command": kind.command,
    }


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
