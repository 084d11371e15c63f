"""The slow lane on the staff desk: who waits, and what staff can do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, re_path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import Desk, ReasonForm
from accounts.fields import posted
from accounts.flows import approvals, approvers, rights
from accounts.flows.approvals import Wish
from accounts.models import User
from audit import reading
from mfa.flows import recovery, staff, staff_methods, wiping
from mfa.flows.staff import REMOVE, SHORTEN
from mfa.models import RecoveryRequest

State = RecoveryRequest.State
SHOWN = (State.WAITING, State.STOPPED, State.FINISHED, State.EXPIRED)


class StateFilter(admin.SimpleListFilter):
    """What waits, unless another state is chosen."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(state.value, state.label) for state in SHOWN]

    def choices(self, changelist: Any) -> Any:
        chosen = self.value() or State.WAITING.value
        for value, label in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": value == chosen, "query_string": link, "display": label}

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value() or State.WAITING.value
        return rows.filter(state=chosen) if chosen in SHOWN else rows.none()


class MethodForm(ReasonForm):
    method = forms.ChoiceField(
        label=_("Second step"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose what is removed."),
            "invalid_choice": _("That one is gone. Choose what is removed."),
        },
    )

    def __init__(self, *args: Any, methods: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = list(methods.items())  # type: ignore[attr-defined]


@admin.register(RecoveryRequest)
class RecoveryRequestAdmin(Desk):
    """Looked at with the permission to see them or to shorten the wait; nothing is edited."""

    nothing = _("No request for a new second step is in this list.")
    list_display = ("person", "requested_at", "ready_at", "ends_at", "state")
    list_filter = (StateFilter,)
    search_fields = ("user__username", "user__email")
    ordering = ("-id",)
    list_per_page = 50
    list_select_related = ("user",)
    actions = None
    fields = ("person", "state", "requested_at", "ready_at", "ends_at", "closed_at")
    readonly_fields = fields
    change_form_template = "admin/mfa/recoveryrequest/change_form.html"

    @admin.display(description=_("Person"), ordering="user__username")
    def person(self, row: RecoveryRequest) -> str:
        return str(row.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).exclude(state=State.VOID)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "state"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """It names people: that it was looked at stands in the trail first."""
        answer = super().changelist_view(request, extra_context)
        if isinstance(answer, TemplateResponse) and not answer.is_rendered:
            typed = request.GET.get(SEARCH_VAR, "")
            reading.of_people(cast(User, request.user), request, ["recoveries"], searched=typed)
        return answer

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or request.user.has_perm(SHORTEN)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) or self.has_view_permission(request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: RecoveryRequest = context["original"]
        person = row.user
        if person is not None:
            reading.of_person(cast(User, request.user), request, person.subject_id)
        if person is not None and approvals.may(request.user, person, SHORTEN):
            waits = row.state == State.WAITING and row.ready_at > timezone.now()
            context |= {"may_shorten": waits, "may_reopen": recovery.is_closed(person)}
        return super().render_change_form(request, context, *args, **kwargs)

    # --- what staff do, each on a page that says what it does -------------------------------------

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        person = r"^person/(?P<pk>[0-9]{1,18})"
        return [
            path("<path:object_id>/shorten/", view(self.shorten), name="mfa_recovery_shorten"),
            re_path(rf"{person}/reopen/$", view(self.reopen), name="mfa_recovery_reopen"),
            re_path(rf"{person}/remove/$", view(self.remove), name="mfa_second_step_remove"),
            re_path(rf"{person}/method/$", view(self.method), name="mfa_method_remove"),
            *super().get_urls(),
        ]

    def shorten(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None or row.user is None or row.state != State.WAITING:
            raise Http404

        def act(person: User, reason: str) -> bool:
            return staff.shorten(request, person, row, reason=reason)

        title = gettext("End the wait")
        return self._page(request, row.user, "shorten", SHORTEN, act, title, about=row.pk, row=row)

    def reopen(self, request: HttpRequest, pk: str) -> HttpResponse:
        person = _person(pk)

        def act(person: User, reason: str) -> bool:
            return staff.reopen(request, person, reason=reason)

        title = gettext("Let them ask again")
        return self._page(request, person, "reopen", SHORTEN, act, title)

    def remove(self, request: HttpRequest, pk: str) -> HttpResponse:
        person = _person(pk)

        def act(person: User, reason: str) -> bool:
            return staff.remove(request, person, reason=reason)

        title = gettext("Remove all second steps")
        held = wiping.count(person)
        return self._page(request, person, "remove", REMOVE, act, title, held=held)

    def method(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Of one that is chosen on the page."""
        person = _person(pk)
        form = MethodForm(posted(request), methods=staff_methods.of(person))
        method = form.data.get("method", "") if form.is_bound else ""

        def act(person: User, reason: str) -> bool:
            return staff_methods.remove(request, person, method, reason=reason)

        title = gettext("Remove one second step")
        permission = staff_methods.REMOVE_METHOD
        return self._page(request, person, "method", permission, act, title, form=form)

    def _back(self, request: HttpRequest, person: User, name: str) -> str:
        """Where whoever did it came from: the page of the person, for those who may see it, or the list
        of requests."""
        if name in ("method", "remove") and rights.may_see(request.user):
            return reverse("admin:accounts_user_change", args=[person.pk])
        return reverse("admin:mfa_recoveryrequest_changelist")

    def _page(
        self,
        request: HttpRequest,
        person: User,
        name: str,
        permission: str,
        act: Callable[[User, str], bool],
        title: str,
        *,
        about: int = 0,
        form: ReasonForm | None = None,
        **facts: Any,
    ) -> HttpResponse:
        if not approvals.may(request.user, person, permission):
            raise PermissionDenied
        back = self._back(request, person, name)
        form = form or ReasonForm(posted(request))
        if form.is_valid():
            if act(person, form.cleaned_data["reason"]):
                said = gettext("Done for %(name)s, who is told by letter.")
                messages.success(request, said % {"name": person})
            else:
                said = gettext("Noted. It is done once another member of staff does the same.")
                messages.warning(request, said)
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(person),
            "person": person,
            "act": name,
            "back": back,
            "of_person": back != reverse("admin:mfa_recoveryrequest_changelist"),
            "form": form,
            "opts": self.opts,
            **_words(request, Wish(name, permission, person, about, _asked(form))),
            **facts,
        }
        reading.of_person(cast(User, request.user), request, person.subject_id)
        return TemplateResponse(request, "admin/mfa/recoveryrequest/act.html", context)


def _words(request: HttpRequest, wish: Wish) -> dict[str, Any]:
    """Whether it takes two, whose word waits for this one, and how many there are to give another."""
    if wish.person is None or not approvals.takes_two(wish.person):
        return {}
    actor = cast(User, request.user)
    first = approvals.first_word(wish, besides=actor)
    other = None if first else approvals.in_the_way(wish, besides=actor)
    return {
        "takes_two": True,
        "first": first,
        "other": other,
        "details": approvals.kinds()[wish.act].said(approvals.wish_of(other)) if other else (),
        "others": first or other or approvers.others(wish, actor),
    }


def _asked(form: ReasonForm) -> dict[str, Any]:
    """What the first word must have been about, where one of several is chosen."""
    return {"method": form.data.get("method", "")} if isinstance(form, MethodForm) else {}


def _person(pk: str) -> User:
    person = User.objects.filter(pk=pk).first()
    if person is None:
        raise Http404
    return person
