"""Alerts on the staff desk: what is open, one with its numbers, and what staff do about it. Whom and
which network it is about is named for those who may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import re_path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import staff_alert_rows, staff_events
from accounts.desk import Desk, reason_field
from accounts.fields import posted
from accounts.flows import alerts, rights
from accounts.models import User
from accounts.staff_alert_advice import Advice, advice, effect
from audit import reading
from audit.alerts import entries, evidence
from audit.alerts.rules import CRITICAL, MADE_OF
from audit.models import Alert, AlertCheck

A_PAGE = 50
ALL_OPEN = ""
STATES: dict[str, Any] = {
    ALL_OPEN: gettext_lazy("Open"),
    Alert.State.NEW.value: gettext_lazy("New"),
    Alert.State.SEEN.value: gettext_lazy("Seen"),
    Alert.State.MUTED.value: gettext_lazy("Muted"),
    Alert.State.CLOSED.value: gettext_lazy("Closed"),
}
# In hours.
LASTS = (
    ("1", gettext_lazy("1 hour")),
    ("8", gettext_lazy("8 hours")),
    ("24", gettext_lazy("1 day")),
    ("168", gettext_lazy("7 days")),
)


class ReasonForm(forms.Form):
    reason = reason_field(gettext_lazy("It is kept in the trail."))


class MuteForm(ReasonForm):
    hours = forms.ChoiceField(
        label=gettext_lazy("For how long"),
        choices=LASTS,
        initial="8",
        error_messages={"required": gettext_lazy("Choose for how long.")},
    )
    field_order = ("hours", "reason")


def _see(request: HttpRequest, pk: int, given: dict[str, Any]) -> bool:
    return alerts.see(request, pk, reason=given["reason"])


def _mute(request: HttpRequest, pk: int, given: dict[str, Any]) -> bool:
    return alerts.mute(request, pk, hours=int(given["hours"]), reason=given["reason"])


def _close(request: HttpRequest, pk: int, given: dict[str, Any]) -> bool:
    return alerts.close(request, pk, reason=given["reason"])


# Of each act: its form, what does it, what it is called, and what is said of it.
Act = tuple[type[ReasonForm], Callable[[HttpRequest, int, dict[str, Any]], bool], Any, Any]
ACTS: dict[str, Act] = {
    "see": (ReasonForm, _see, gettext_lazy("Seen"), gettext_lazy("Seen.")),
    "mute": (MuteForm, _mute, gettext_lazy("Mute"), gettext_lazy("Muted.")),
    "close": (ReasonForm, _close, gettext_lazy("Close"), gettext_lazy("Closed.")),
}


@admin.register(Alert)
class AlertAdmin(Desk):
    """Looked at with the permission to, handled with one of its own; these pages are our own."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return alerts.may_see(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) or self.has_view_permission(request)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.act_view)
        pages = [
            re_path(
                rf"^(?P<pk>[0-9]{{1,18}})/{act}/$", view, {"act": act}, name=f"audit_alert_{act}"
            )
            for act in ACTS
        ]
        return [*pages, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        self._demand(request)
        asked = request.GET.get("state", ALL_OPEN)
        page = list(_listed(asked, _number(request.GET.get("before", "")))[: A_PAGE + 1])
        check = AlertCheck.objects.filter(pk=1).first()
        context = {
            "title": _("Alerts"),
            "states": [(name, label, name == asked) for name, label in STATES.items()],
            "asked": asked,
            "is_unknown": asked not in STATES,
            "is_closed": asked == Alert.State.CLOSED,
            "rows": staff_alert_rows.rows(request, page[:A_PAGE]),
            "older": page[A_PAGE - 1].pk if len(page) > A_PAGE else None,
            "checked_at": check.checked_at if check else None,
        }
        return self._drawn(request, "list.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        self._demand(request)
        alert = _alert(object_id)
        row = staff_alert_rows.page(request, alert)
        context = {
            "title": row["title"],
            "row": row,
            "plot": evidence.plot(alert),
            **_made_of(request, alert),
            "advice": _advice(request, row),
            "acts": _acts(alert) if alerts.may_handle(request.user) else [],
        }
        return self._drawn(request, "one.html", context)

    def act_view(self, request: HttpRequest, pk: str, act: str) -> HttpResponse:
        """The confirm page of one act."""
        if not alerts.may_handle(request.user):
            raise PermissionDenied
        alert = _alert(pk)
        kind, do, name, done = ACTS[act]
        form = kind(posted(request))
        if form.is_valid():
            if do(request, alert.pk, form.cleaned_data):
                messages.success(request, done)
            else:
                messages.warning(request, _("Somebody else was quicker: nothing was changed."))
            return redirect("admin:audit_alert_change", alert.pk)
        (row,) = staff_alert_rows.rows(request, [alert])
        context = {"title": name, "row": row, "form": form, "effect": effect(act, alert.rule)}
        return self._drawn(request, "act.html", context)

    def _demand(self, request: HttpRequest) -> None:
        if request.method not in ("GET", "HEAD") or not alerts.may_see(request.user):
            raise PermissionDenied

    def _drawn(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"admin/audit/alert/{template}", frame | context)


def _listed(asked: str, before: int) -> QuerySet[Alert]:
    """Those in that state: the critical ones first, then the newest; of closed ones the last closed.
    `before`: only what comes after that one. One SELECT for it."""
    states = alerts.OPEN if asked == ALL_OPEN else [asked] if asked in STATES else []
    if asked == Alert.State.CLOSED:
        rank: Combinable = Coalesce("closed_at", "found_at")
        order, later = "-rank", "rank__lt"
    else:
        rank = Case(When(rule__in=CRITICAL, then=Value(0)), default=Value(1))
        order, later = "rank", "rank__gt"
    ranked = Alert.objects.annotate(rank=rank)
    rows = ranked.filter(state__in=states).order_by(order, "-id")
    if not before:
        return rows
    last = ranked.filter(pk=before).values_list("rank", flat=True).first()
    past = Q(id__lt=before)
    return rows.filter(past if last is None else Q(**{later: last}) | Q(past, rank=last))


def _number(text: str) -> int:
    """As it stands in an address; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


def _alert(text: str) -> Alert:
    found = Alert.objects.filter(pk=_number(text)).first()
    if found is None:
        raise Http404
    return found


def _made_of(request: HttpRequest, alert: Alert) -> dict[str, Any]:
    """What happened, for those who may read the trail: that they did is in it, before it is shown."""
    if alert.rule not in MADE_OF or not request.user.has_perm(rights.SEE_EVENTS):
        return {}
    kind, *_rest = MADE_OF[alert.rule][0]
    asked = {"asked": ["person"]} if alert.about else {"asked": ["event"], "kind": kind.value}
    reading.of_trail(cast(User, request.user), request, subject=alert.about, facts=asked)
    lines = entries.of(alert)
    rows = staff_events.shown(request, lines)
    return {"rows": rows, "may_read": True}


def _acts(alert: Alert) -> list[tuple[str, Any]]:
    """What may be done in its state, the likeliest first."""
    if alert.state == Alert.State.CLOSED:
        return []
    names = ACTS if alert.state == Alert.State.NEW else ("mute", "close")
    return [(f"admin:audit_alert_{name}", ACTS[name][2]) for name in names]


def _advice(request: HttpRequest, row: dict[str, Any]) -> Advice:
    return advice(request, row["alert"].rule, person=row["person"], network=row["network"])
