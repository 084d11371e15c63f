"""The limits that somebody sets for themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import own_limits, time_zones
from accounts.models import User
from accounts.own_limits import Limits
from accounts.unsent import KeptForm


class LimitsForm(KeptForm):
    """A day counts to its end by the person's own clock. The page carries what it showed (`shown`):
    what nobody touched there stays as it is by now, whatever another window has changed since."""

    kept = own_limits.NAMES

    frozen_until = forms.DateField(
        label=_("Freeze sign-ins until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Enter a date, like 2026-12-24.")},
    )
    resets_need_proof = forms.BooleanField(
        label=_("Never reset my password by email alone"),
        required=False,
        help_text=_(
            "A reset then takes your second step too, and still does if two-step sign-in is turned off"
            " later."
        ),
    )
    passkey_for_changes = forms.BooleanField(
        label=_("Always ask for a passkey before changes"),
        required=False,
        help_text=_("A password or a code is then not enough to confirm a change."),
    )
    recovery_days = forms.TypedChoiceField(
        label=_("Wait for a new second step"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("Anyone who asks for one waits this long, and you can stop them until then."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        self.zone = time_zones.zone_of(user.time_zone)
        self.today = timezone.now().astimezone(self.zone).date()
        super().__init__(*args, **kwargs)
        self.as_it_is = self._as_it_is()
        self.initial = dict(self.as_it_is)
        usual = own_limits.recovery_days(
            User(is_staff=user.is_staff, is_superuser=user.is_superuser)
        )
        days = sorted(
            {*(one for one in own_limits.LONGER_WAITS if one > usual), user.recovery_days or usual}
        )
        field = cast(forms.TypedChoiceField, self.fields["recovery_days"])
        field.choices = [
            ("", _in_days(usual)),
            *((one, _in_days(one)) for one in days if one > usual),
        ]
        last = self.today + timedelta(days=settings.POLICY_FREEZE_DAYS)
        attrs = {"min": self.today.isoformat(), "max": last.isoformat()}
        self.fields["frozen_until"].widget.attrs.update(attrs)
        self.fields["frozen_until"].help_text = ngettext(
            "At most %(n)d day ahead. Until then nobody can sign in, not even you. Devices that are"
            " signed in now stay signed in.",
            "At most %(n)d days ahead. Until then nobody can sign in, not even you. Devices that are"
            " signed in now stay signed in.",
            settings.POLICY_FREEZE_DAYS,
        ) % {"n": settings.POLICY_FREEZE_DAYS}

    def _as_it_is(self) -> dict[str, Any]:
        now = own_limits.of(self.user)
        until = now.frozen_until
        day = None
        if until is not None and until > timezone.now():
            day = (until - timedelta(seconds=1)).astimezone(self.zone).date()
        return {
            "frozen_until": day,
            "resets_need_proof": now.resets_need_proof,
            "passkey_for_changes": now.passkey_for_changes,
            "recovery_days": now.recovery_days or "",
        }

    def clean_frozen_until(self) -> datetime | None:
        """The first moment after that day."""
        day: date | None = self.cleaned_data["frozen_until"]
        if not self._is_touched("frozen_until") or day == self.as_it_is["frozen_until"]:
            return self.user.frozen_until
        if day is None:
            return None
        if not self.today <= day <= self.today + timedelta(days=settings.POLICY_FREEZE_DAYS):
            raise ValidationError(
                ngettext(
                    "Choose a day from today to %(n)d day ahead.",
                    "Choose a day from today to %(n)d days ahead.",
                    settings.POLICY_FREEZE_DAYS,
                )
                % {"n": settings.POLICY_FREEZE_DAYS}
            )
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=self.zone)

    @property
    def shown(self) -> SafeString:
        """Hidden fields with what this page showed first, for the template."""
        pairs = [
            (self.add_initial_prefix(name), self._shown(name) or "") for name in own_limits.NAMES
        ]
        return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)

    def _shown(self, name: str) -> str | None:
        """As its page says; None where it does not say."""
        if self.is_bound:
            return cast("str | None", self.data.get(self.add_initial_prefix(name)))
        return _as_posted(self.as_it_is[name])

    def _is_touched(self, name: str) -> bool:
        widget = self.fields[name].widget
        posted = widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        shown = self._shown(name)
        return shown is None or _as_posted(posted) != shown

    @property
    def wanted(self) -> Limits:
        touched = [name for name in own_limits.NAMES if self._is_touched(name)]
        return replace(
            own_limits.of(self.user), **{name: self.cleaned_data[name] for name in touched}
        )


def _as_posted(value: Any) -> str:
    """As a browser sends it."""
    return "on" if value is True else str(value or "")


def _in_days(days: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
