"""Who is told of alerts, and when: one letter for several, at most every so often, and at quiet hours
only what is critical. It says which rule and how much; whom it is about stands behind its links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.alerts import words
from audit.alerts.rules import CRITICAL, RULES
from audit.models import Alert, AlertCheck

EVERY = timedelta(minutes=15)
# In one letter; the others are counted in it.
MOST = 30


def tell(now: datetime | None = None) -> int:
    """Write the letter about what nobody was told of yet, if it is time; returns of how many alerts.
    In one transaction with what says so: each is told of once. One SELECT where there is nothing."""
    now = now or timezone.now()
    to = settings.ALERTS["email"]
    if not to or not _untold(now):
        return 0
    with transaction.atomic():
        check = AlertCheck.objects.select_for_update().filter(pk=1).first()
        if check is None or (check.told_at is not None and now - check.told_at < EVERY):
            return 0
        alerts = _untold(now)
        if not alerts:
            return 0
        with translation.override(settings.LANGUAGE_CODE):
            send_mail(_subject(alerts), _text(alerts), None, [to])
        Alert.objects.filter(pk__in=[one.pk for one in alerts]).update(told_at=now)
        check.told_at = now
        check.save(update_fields=["told_at"])
    return len(alerts)


def is_quiet(now: datetime) -> bool:
    quiet = settings.ALERTS["quiet_hours"]
    if not quiet:
        return False
    first, last = quiet
    hour = now.astimezone(UTC).hour
    return first <= hour < last if first < last else hour >= first or hour < last


def loud(now: datetime) -> QuerySet[Alert]:
    """Those that are new; at quiet hours, of these the critical ones."""
    new = Alert.objects.filter(state=Alert.State.NEW).order_by("id")
    return new.filter(rule__in=CRITICAL) if is_quiet(now) else new


def _untold(now: datetime) -> list[Alert]:
    """The critical ones first."""
    return sorted(loud(now).filter(told_at=None), key=lambda one: one.rule not in CRITICAL)


def _subject(alerts: list[Alert]) -> str:
    count = len(alerts)
    if any(one.rule in CRITICAL for one in alerts):
        said = ngettext(
            "Critical: %(count)d alert at %(host)s", "Critical: %(count)d alerts at %(host)s", count
        )
    else:
        said = ngettext("%(count)d alert at %(host)s", "%(count)d alerts at %(host)s", count)
    return said % {"count": count, "host": settings.SITE_HOST}


def _text(alerts: list[Alert]) -> str:
    parts = [_one(alert) for alert in alerts[:MOST]]
    if (more := len(alerts) - MOST) > 0:
        parts.append(_("And %(count)d more.") % {"count": more})
    every = settings.SITE_URL + reverse("admin:audit_alert_changelist")
    return "\n\n".join([*parts, _("All alerts: %(link)s") % {"link": every}]) + "\n"


def _one(alert: Alert) -> str:
    rule = RULES.get(alert.rule)
    title = str(rule.title) if rule else alert.rule
    if alert.rule in CRITICAL:
        title = _("Critical: %(what)s") % {"what": title}
    at = alert.found_at.astimezone(UTC)
    said = _("%(what)s: %(number)s; %(often)s, last at %(time)s UTC.") % {
        "what": str(rule.number) if rule else title,
        "number": words.newest(alert),
        "often": words.how_often(alert),
        "time": f"{at:%Y-%m-%d %H:%M}",
    }
    link = settings.SITE_URL + reverse("admin:audit_alert_change", args=[alert.pk])
    return f"{title}\n{said}\n{link}"
