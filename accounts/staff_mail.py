"""The queue of letters and texts on the staff desk: what waits, what was given up and why. Neither what
they say nor whom they reach stands here; only who it is about, by a link."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import panels
from accounts.desk import Desk, reason_field
from accounts.flows import mail_queue, rights
from accounts.flows.letters import STATES
from accounts.models import OutgoingMail, User
from accounts.outbox.error_words import why
from audit import reading

AT_ONCE = 50
MOST_LISTED = 1_000
State, Channel = OutgoingMail.State, OutgoingMail.Channel
CHANNELS = {Channel.LETTER: _("Email"), Channel.TEXT: _("Text message")}


class FirstOnes(Paginator):
    """Of the first MOST_LISTED: counting all that was sent in a month takes too long."""

    @cached_property
    def count(self) -> int:
        first: Any = self.object_list[:MOST_LISTED]
        return int(first.count())


class StateFilter(admin.SimpleListFilter):
    """What waits or was given up, unless something else is chosen."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(state.value, STATES[state]) for state in (State.WAITING, State.DEAD, State.SENT)]

    def choices(self, changelist: Any) -> Any:
        everything = changelist.get_query_string(remove=[self.parameter_name])
        yield {
            "selected": self.value() is None,
            "query_string": everything,
            "display": _("In the queue"),
        }
        for value, label in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.value() == value, "query_string": link, "display": label}

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return rows.filter(state__in=(State.WAITING, State.DEAD))
        return rows.filter(state=chosen) if chosen in STATES else rows.none()


class ChannelFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(channel.value, words) for channel, words in CHANNELS.items()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return rows
        return rows.filter(channel=chosen) if chosen in CHANNELS else rows.none()


class RetryForm(forms.Form):
    reason = reason_field(_("It is kept in the trail."))


@admin.register(OutgoingMail)
class OutgoingMailAdmin(Desk):
    """Looked at with the permission to; tried again with one of its own. Nothing is edited."""

    nothing = _("No email or text is in this list.")
    list_display = ("about", "channel_", "state_", "tries", "next_try", "age", "error", "person")
    list_display_links = None
    list_filter = (StateFilter, ChannelFilter)
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    empty_value_display = ""
    paginator = FirstOnes
    actions = ("retry",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return mail_queue.may_retry(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_retry_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) or self.has_retry_permission(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in ("state", "channel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what is sealed. Those that nobody was to get are in no state that is listed."""
        return super().get_queryset(request).defer("body", "recipient")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        listed = getattr(answer, "context_data", {}).get("cl")
        if listed is not None:
            _add_people(request, listed.result_list)
            if listed.result_count >= MOST_LISTED:
                said = _now("Only the newest %(count)d are listed here.") % {"count": MOST_LISTED}
                messages.info(request, said)
        return answer

    @admin.display(description=_("What"))
    def about(self, mail: OutgoingMail) -> str:
        if mail.channel == Channel.TEXT:
            return _now("A code")
        return str(panels.letter_called(mail.letter))

    @admin.display(description=_("Kind"))
    def channel_(self, mail: OutgoingMail) -> str:
        return str(CHANNELS[Channel(mail.channel)])

    @admin.display(description=_("State"))
    def state_(self, mail: OutgoingMail) -> str:
        return str(STATES[State(mail.state)])

    @admin.display(description=_("Next try"))
    def next_try(self, mail: OutgoingMail) -> Any:
        if mail.state != State.WAITING:
            return None
        return _now("now") if mail.due_at <= timezone.now() else mail.due_at

    @admin.display(description=_("Tries"))
    def tries(self, mail: OutgoingMail) -> str:
        said = ngettext("%(count)d try", "%(count)d tries", mail.attempts)
        return said % {"count": mail.attempts}

    @admin.display(description=_("Written"))
    def age(self, mail: OutgoingMail) -> str:
        return _now("%(time)s ago") % {"time": timesince(mail.created_at, depth=1)}

    @admin.display(description=_("Last error"))
    def error(self, mail: OutgoingMail) -> str:
        if not mail.last_error:
            return ""
        words, code = why(mail.last_error)
        return format_html('{} <bdi dir="ltr">{}</bdi>', words, code) if code else str(words)

    @admin.display(description=_("Person"))
    def person(self, mail: OutgoingMail) -> str:
        who = getattr(mail, "who", None)
        if who is None:
            return ""
        return format_html('<a href="{}"><bdi>{}</bdi></a>', *who)

    @admin.action(description=_("Try again now"), permissions=["retry"])
    def retry(self, request: HttpRequest, mails: QuerySet[OutgoingMail]) -> HttpResponse | None:
        chosen = list(mails[: AT_ONCE + 1])
        if len(chosen) > AT_ONCE:
            said = _now("Choose at most %(count)d messages at a time.") % {"count": AT_ONCE}
            self.message_user(request, said, messages.ERROR)
            return None
        form = RetryForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": _now("Try again now"),
                "action": "retry",
                "mails": [(mail, self.about(mail), self.state_(mail)) for mail in chosen],
                "form": form,
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/accounts/outgoingmail/retry.html", context)
        outcome = mail_queue.retry(request, chosen, reason=form.cleaned_data["reason"])
        _tell(request, outcome)
        return HttpResponseRedirect(request.get_full_path())


def _tell(request: HttpRequest, outcome: mail_queue.Outcome) -> None:
    if outcome.again:
        said = ngettext(
            "%(count)d message is tried again at once.",
            "%(count)d messages are tried again at once.",
            outcome.again,
        )
        messages.success(request, said % {"count": outcome.again})
    if outcome.left:
        said = ngettext(
            "%(count)d stays as it is: sent, being sent just now, or with a code that has run out.",
            "%(count)d stay as they are: sent, being sent just now, or with codes that have run out.",
            outcome.left,
        )
        messages.warning(request, said % {"count": outcome.left})


def _add_people(request: HttpRequest, mails: Any) -> None:
    """Whom each is about, for those who may see people; the trail is told. One SELECT besides."""
    if not rights.may_see(request.user):
        return
    subjects = {mail.subject_id for mail in mails if mail.subject_id}
    people = User.objects.filter(uuid__in=subjects).values_list("uuid", "pk", "username")
    links = {
        str(uuid): (reverse("admin:accounts_user_change", args=[pk]), username)
        for uuid, pk, username in people
    }
    if links and isinstance(request.user, User):
        reading.of_people(request.user, request, ["messages"])
    for mail in mails:
        mail.who = links.get(mail.subject_id)
