"""Staff's view of the rules about networks: added, looked at, ended; never changed or deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import Desk
from accounts.flows import network_rules
from accounts.flows.network_rules import Draft
from accounts.models import NetworkRule, User
from accounts.models.network_rule import NOTE_LENGTH
from accounts.networks import parsing
from accounts.validators import validate_seen

# In hours.
LASTS = (
    ("", _("Until somebody ends it")),
    ("1", _("1 hour")),
    ("24", _("1 day")),
    ("168", _("7 days")),
    ("720", _("30 days")),
    ("2160", _("90 days")),
    ("8760", _("1 year")),
)
# Where a refusal of the flow is said; the rest concern the rule as a whole.
FIELD_OF = {"note": "note", "no_end": "lasts", "end": "lasts", "shut_out": "confirmed"}

TOO_LONG = _("Must be %(limit_value)d characters or fewer")


def note_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is kept with the rule and in the trail."),
        error_messages={"required": _("Say why."), "max_length": TOO_LONG},
        validators=[validate_seen],
    )


def confirmed_field() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("I mean it, even if it keeps me out"),
        required=False,
        help_text=_("Without it, a change that refuses the address you come from is not made."),
    )


class RuleForm(forms.ModelForm):
    """`request` is set by the page: the flow is asked here, so that what it refuses is said here."""

    request: Any = None

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=NetworkRule.Kind.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "The first allow rule closes the place to every other network. Where several rules fit,"
            " the most specific network decides."
        ),
        error_messages={"required": _("Choose what the rule does.")},
    )
    network = forms.CharField(
        label=_("Network"),
        max_length=parsing.LENGTH,
        help_text=_("Like 203.0.113.0/24 or 2001:db8::/32, or one address."),
        widget=forms.TextInput(attrs={"class": "vTextField", "spellcheck": "false", "dir": "ltr"}),
        error_messages={"required": _("Enter a network or an address."), "max_length": TOO_LONG},
    )
    lasts = forms.ChoiceField(
        label=_("For how long"),
        choices=LASTS,
        required=False,
        initial="168",
        help_text=_("A deny rule must have an end."),
    )
    note = note_field(_("Note"))
    confirmed = confirmed_field()

    class Meta:
        model = NetworkRule
        fields = ("kind", "scope")
        widgets = {"scope": forms.RadioSelect}
        error_messages = {"scope": {"required": _("Choose where the rule holds.")}}

    def clean_network(self) -> parsing.Network:
        return parsing.network(self.cleaned_data["network"])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not {"kind", "scope", "network", "note"} <= given.keys():
            return given
        hours = given.get("lasts")
        ends_at = timezone.now() + timedelta(hours=int(hours)) if hours else None
        self.draft = Draft(given["kind"], given["network"], given["scope"], given["note"], ends_at)
        try:
            network_rules.check(self.draft, timezone.now())
            if not given.get("confirmed"):
                network_rules.demand_a_way_back(self.request, adding=self.draft)
        except ValidationError as error:
            self.add_error(FIELD_OF.get(error.code or ""), error)
        return given

    def _post_clean(self) -> None:
        """The flow makes the row."""


class EndForm(forms.Form):
    note = note_field(_("Reason"))
    confirmed = confirmed_field()


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return NetworkRule.State.choices

    def queryset(self, request: HttpRequest, rules: QuerySet[Any]) -> QuerySet[Any] | None:
        now = timezone.now()
        runs = Q(ends_at=None) | Q(ends_at__gt=now)
        chosen = {
            "active": runs & Q(ended_at=None),
            "lapsed": ~runs & Q(ended_at=None),
            "ended": Q(ended_at__isnull=False),
        }.get(self.value() or "")
        return rules if chosen is None else rules.filter(chosen)


@admin.register(NetworkRule)
class NetworkRuleAdmin(Desk):
    """Ending a rule takes the permission to change it; its facts nobody changes."""

    nothing = _("No network rule is in this list.")
    list_display = ("network", "kind", "scope", "state", "ends_at", "note")
    list_filter = (StateFilter, "kind", "scope")
    search_fields = ("network", "note")
    ordering = ("-id",)
    list_per_page = 50
    actions = None
    add_fields = ("kind", "network", "scope", "lasts", "note", "confirmed")
    shown = (
        "network", "kind", "scope", "state", "note", "created_at", "added_by", "ends_at",
        "ended_at", "ended_by_whom", "end_note",
    )  # fmt: skip

    @admin.display(description=_("State"))
    def state(self, rule: NetworkRule) -> str:
        return str(rule.state(timezone.now()).label)

    @admin.display(description=_("Added by"))
    def added_by(self, rule: NetworkRule) -> str:
        return _name(rule.created_by)

    @admin.display(description=_("Ended by"))
    def ended_by_whom(self, rule: NetworkRule) -> str:
        return _name(rule.ended_by) if rule.ended_at else ""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in ("state", "kind__exact", "scope__exact")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.may_end(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def may_end(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.change_networkrule"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [(None, {"fields": self.shown if obj else self.add_fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.shown if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        return (
            super().get_form(request, obj, *args, **kwargs)
            if obj
            else type("Form", (RuleForm,), {"request": request})
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        rule = network_rules.add_by_staff(
            request,  # type: ignore[arg-type]
            form.draft,
            confirmed=form.cleaned_data["confirmed"],
        )
        said = gettext("The rule for %(network)s is in force within 5 seconds.")
        self.message_user(request, said % {"network": rule.network}, messages.SUCCESS)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """With a page to the end, and a word where the rules changed between form and flow."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        rule = context.get("original")
        context["may_end"] = rule and rule.ended_at is None and self.may_end(request)
        return super().render_change_form(request, context, *args, **kwargs)

    # --- ending -----------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.end_view)
        return [
            path("<path:object_id>/end/", view, name="accounts_networkrule_end"),
            *super().get_urls(),
        ]

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.may_end(request):
            raise PermissionDenied
        rule = self.get_object(request, unquote(object_id))
        if rule is None:
            raise Http404
        form = EndForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                return self._end(request, rule, form)
            except ValidationError as error:
                form.add_error(FIELD_OF.get(error.code or ""), error)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("End the rule for %(network)s") % {"network": rule.network},
            "rule": rule,
            "opens": _is_last(rule),
            "form": form,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/accounts/networkrule/end.html", context)

    def _end(self, request: HttpRequest, rule: NetworkRule, form: EndForm) -> HttpResponse:
        given = form.cleaned_data
        ended = network_rules.end_by_staff(
            request,  # type: ignore[arg-type]
            rule,
            note=given["note"],
            confirmed=given["confirmed"],
        )
        if ended:
            said = gettext("The rule for %(network)s ends within 5 seconds.")
            self.message_user(request, said % {"network": rule.network}, messages.SUCCESS)
        else:
            said = gettext("The rule for %(network)s was ended before.")
            self.message_user(request, said % {"network": rule.network}, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:accounts_networkrule_changelist"))


def _is_last(rule: NetworkRule) -> bool:
    """Whether its scope opens to all when it ends."""
    others = NetworkRule.objects.standing(timezone.now()).exclude(pk=rule.pk)
    allow = NetworkRule.Kind.ALLOW
    return rule.kind == allow and not others.filter(kind=allow, scope=rule.scope).exists()


def _name(subject: str) -> str:
    if not subject:
        return gettext("the command line")
    return User.objects.filter(uuid=subject).values_list("username", flat=True).first() or subject
