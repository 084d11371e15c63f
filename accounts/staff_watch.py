"""The dashboard of the staff desk: what it shows is audit/watch, who the people in it are is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts import job_status, staff_hands, staff_words, watch
from accounts.flows import alerts, rights
from accounts.models import User
from accounts.requests import OwnRequest
from accounts.texts import senders
from audit import reading, trail
from audit.events import Event
from audit.spreadsheets import csv_of
from audit.watch import numbers as watch_numbers
from audit.watch import plots, spans, tables
from audit.watch.numbers import Numbers
from audit.watch.words import against, number, percent, seconds

RIGHT = "audit.view_dashboard"


def may_see(actor: User | AnonymousUser) -> bool:
    return actor.is_active and actor.is_staff and actor.has_perm(RIGHT)


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    if not may_see(request.user):
        raise PermissionDenied
    asked = request.GET.get("period", spans.USUAL.name)
    kind = spans.KINDS.get(asked, spans.USUAL)
    numbers = watch_numbers.of(kind)
    people = _people(request, numbers)
    context = {
        "title": _("Dashboard"),
        "kind": kind,
        "kinds": spans.KINDS.values(),
        "is_nonsense": asked not in spans.KINDS,
        "updated": datetime.fromisoformat(numbers.at),
        "waits_since": _late(numbers),
        "tiles": _tiles(request, numbers),
        "plots": plots.every(numbers),
        "networks": tables.networks(numbers),
        "accounts": [Attacked(key, people.get(key), n) for key, n in numbers.accounts],
        "may_see_networks": request.user.has_perm("audit.view_addresses"),
        "texts_are_sent": senders.available(),
        "countries": watch.countries() if senders.available() else [],
        "jobs": sorted(job_status.statuses(), key=lambda one: (one.is_well, _last(one))),
        "may_see_people": rights.may_see(request.user),
        "may_see_jobs": request.user.has_perm("accounts.view_jobrun"),
    }
    if request.user.has_perm(rights.SEE_EVENTS):
        context |= _acts(request)
    return TemplateResponse(
        request, "admin/dashboard.html", admin.site.each_context(request) | context
    )


def _acts(request: HttpRequest) -> dict[str, Any]:
    """The newest of what staff did, for those who may read the trail. That they did is in it."""
    reading.of_trail(cast(User, request.user), request, subject="", facts={"asked": []})
    lines = tables.staff_acts()
    named = {line.subject_id for line in lines}.union(*map(staff_hands.subjects, lines))
    people = staff_words.people(named)
    acts = [
        {
            "line": line,
            "said": staff_words.said(line),
            "hands": staff_hands.of(line, people),
            "subject": people.get(line.subject_id),
        }
        for line in lines
    ]
    return {"may_see_trail": True, "acts": acts}


@require_safe
def numbers_as_csv(request: OwnRequest, slug: str) -> HttpResponse:
    if not may_see(request.user):
        raise PermissionDenied
    kind = spans.KINDS.get(request.GET.get("period", spans.USUAL.name))
    if kind is None or slug not in plots.PLOTS:
        raise Http404
    if request.method == "GET":
        trail.record(
            Event.STAFF_NUMBERS_EXPORTED,
            actor=request.user,
            request=request,
            plot=slug,
            period=kind.name,
        )
    plot = plots.PLOTS[slug](watch_numbers.of(kind))
    name = f"{slug}-{kind.name}.csv"
    return HttpResponse(
        csv_of(plot.table),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@dataclass(frozen=True)
class Tile:
    label: str
    figure: str
    says: tuple[str, ...]
    is_bad: bool = False
    url: str = ""


def _tiles(request: HttpRequest, numbers: Numbers) -> list[Tile]:
    gauged = numbers.gauged
    people = gauged.get("people", {}).get("", 0)
    sampled = _sampled(numbers)
    usual = sum(numbers.usual[: int(numbers.at[11:13]) + 1])
    good, bad = numbers.total("signed_in"), numbers.total("failed")
    good_before, bad_before = numbers.before["signed_in"], numbers.before["failed"]
    new = numbers.total("signups_confirmed")
    return [
        Tile(
            _("Sign-ins today"),
            number(sum(numbers.today)),
            (_("usual by now: %(n)s") % {"n": number(round(usual))},),
        ),
        Tile(
            _("Failure rate"),
            percent(bad, good + bad),
            (_("before: %(share)s") % {"share": percent(bad_before, good_before + bad_before)},),
        ),
        Tile(_("Active sessions"), _known(gauged.get("sessions", {}).get("")), (sampled,)),
        Tile(
            _("Accounts with a second step"),
            percent(gauged.get("two_step", {}).get("on", 0), people),
            (_of_accounts(people), sampled) if people else (sampled,),
        ),
        Tile(
            _("New accounts"),
            number(new),
            (against(new, numbers.before["signups_confirmed"]),),
        ),
        _alerts(numbers, url=_list_of_alerts(request)),
        _waiting(numbers, url=_outbox(request)),
    ]


def _known(value: int | None) -> str:
    """What was not sampled yet is no zero."""
    return "–" if value is None else number(value)


def _of_accounts(people: int) -> str:
    return ngettext("of %(n)s account", "of %(n)s accounts", people) % {"n": number(people)}


def _sampled(numbers: Numbers) -> str:
    if not numbers.sampled_at:
        return _("not sampled yet")
    at = datetime.fromisoformat(numbers.sampled_at)
    is_of_today = numbers.sampled_at[:10] == numbers.at[:10]
    form = "TIME_FORMAT" if is_of_today else "DATETIME_FORMAT"
    return _("as of %(time)s UTC") % {"time": formats.date_format(at, form)}


def _list_of_alerts(request: HttpRequest) -> str:
    return reverse("admin:audit_alert_changelist") if alerts.may_see(request.user) else ""


def _outbox(request: HttpRequest) -> str:
    may_see = request.user.has_perm("accounts.view_outgoingmail")
    return reverse("admin:accounts_outgoingmail_changelist") if may_see else ""


def _alerts(numbers: Numbers, *, url: str) -> Tile:
    """What there is to be alarmed about."""
    found = 0
    said = _("the trail was never checked")
    if numbers.verified is not None:
        at, found = numbers.verified
        day = formats.date_format(datetime.fromisoformat(at))
        said = _("the trail was checked on %(day)s: nothing found") % {"day": day}
        if found:
            said = _("wrong in the trail, checked on %(day)s: %(n)s") % {
                "day": day,
                "n": number(found),
            }
    says = (
        _("critical: %(n)s") % {"n": number(numbers.critical)},
        _("limits reached today: %(n)s (tries they refused are not counted)")
        % {"n": number(numbers.limits_today)},
        said,
    )
    is_bad = bool(numbers.critical or found)
    return Tile(_("Open alerts"), number(numbers.alerts), says, is_bad, url)


def _waiting(numbers: Numbers, *, url: str) -> Tile:
    waiting = numbers.live.get("waiting", {})
    oldest = max(numbers.live.get("waiting_seconds", {}).values(), default=0)
    says = [
        _("emails: %(n)s") % {"n": number(waiting.get("email", 0))},
        _("texts: %(n)s") % {"n": number(waiting.get("text", 0))},
    ]
    if any(waiting.values()):
        now = datetime.fromisoformat(numbers.at)
        age = timesince(now - timedelta(seconds=oldest), now) if oldest > 59 else seconds(oldest)
        says.append(_("the oldest for %(age)s") % {"age": age})
    return Tile(_("Messages waiting"), number(sum(waiting.values())), tuple(says), url=url)


# As long as the worker takes its time, and no longer.
LATE = timedelta(minutes=5)


def _late(numbers: Numbers) -> datetime | None:
    """Since when nothing was counted, where the worker that does so is not at work."""
    if not numbers.waits_since:
        return None
    since = datetime.fromisoformat(numbers.waits_since)
    return since if datetime.fromisoformat(numbers.at) - since > LATE else None


@dataclass(frozen=True)
class Attacked:
    """`key` is a person's opaque id, or the digest of a name that nobody has."""

    key: str
    person: User | None
    failures: int


def _last(job: job_status.Status) -> float:
    """When it was done last, the longest ago first."""
    ended = job.run.ended_at if job.run else None
    return ended.timestamp() if ended else 0


def _people(request: HttpRequest, numbers: Numbers) -> dict[str, User]:
    """Who is attacked, for those who may see people. One SELECT at most."""
    if not rights.may_see(request.user):
        return {}
    people = staff_words.people({key for key, _failures in numbers.accounts})
    if people:
        reading.of_people(cast(User, request.user), request, ["attacked"])
    return people
