"""Staff's view of people. No password stands here, and nobody rises above whoever lifts them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import (
    one_by_one,
    roles,
    staff_alerts,  # noqa: F401
    staff_events,  # noqa: F401
    staff_grants,
    staff_groups,  # noqa: F401 - these pages are on the desk too
    staff_jobs,  # noqa: F401
    staff_lockouts,  # noqa: F401
    staff_mail,  # noqa: F401
    staff_networks,  # noqa: F401
    staff_words,
)
from accounts.desk import ReasonForm
from accounts.flows import addresses, letters, password_demands, rights, staff, staff_history
from accounts.flows.profile import FIELDS
from accounts.models import User
from accounts.staff_filters import FILTERS, LOOKUPS, is_a_moment
from accounts.staff_pages import page_of
from accounts.staff_person import PersonFacts
from accounts.staff_person_form import PersonForm

LETTERS_AT_ONCE = 50
# Of those who may not change them, what stands in the place of a picker.
IN_WORDS = {"groups": "groups_in_words", "user_permissions": "permissions_in_words"}


@admin.register(User)
class PersonAdmin(PersonFacts):
    """People are found and helped here. They sign themselves up, and nobody sets their password."""

    form = PersonForm
    nothing = _("There are no people.")
    list_display = ("username", "email", "name", "access", "created_at", "signed_in")
    list_display_links = ("username", "email")
    list_filter = FILTERS
    search_fields = ("username", "emailaddress__email", "name", "=id", "uuid")
    search_help_text = _("Username, email address, name or number")
    ordering = ("-id",)
    list_per_page = 50
    actions = ("send_reset_letter", "demand_password")
    fieldsets = (
        (
            _("Access"),
            {"fields": ("is_active", "is_staff", "is_superuser", "staff_until", "reason", "seen")},
        ),
        (_("Person"), {"fields": ("username", "addresses", *FIELDS)}),
        (
            _("Groups and permissions"),
            {"fields": ("groups", "user_permissions"), "classes": ("collapse",)},
        ),
        (_("Emails sent"), {"fields": ("last_letters",)}),
        (
            _("Dates"),
            {
                "fields": (
                    "created_at",
                    "last_login",
                    "password_changed_at",
                    "held_since",
                    "deletion_due_at",
                    "uuid",
                )
            },
        ),
    )
    readonly_fields = (
        "username", "addresses", "created_at", "last_login", "password_changed_at", "held_since",
        "deletion_due_at", "uuid", "last_letters",
    )  # fmt: skip

    def title_of(self, obj: User) -> str:
        return staff_words.called(obj)

    @admin.display(description=_("Access"), ordering="is_staff")
    def access(self, person: User) -> str:
        """In words, and empty for the many: a column of ticks says little and takes much room."""
        facts = (
            (not person.is_active, _("Switched off")),
            (person.held_since is not None, _("Change stopped")),
            (person.deletion_due_at is not None, _("Awaiting deletion")),
            (person.is_superuser, _("Superuser")),
            (person.is_staff and not person.is_superuser, _("Staff")),
            (person.staff_until is not None, staff_grants.until(person.staff_until)),
        )
        return ", ".join(str(word) for holds, word in facts if holds)

    @admin.display(description=_("Email addresses"))
    def addresses(self, person: User) -> str:
        """All by which the person signs in, the main one first."""
        kept = EmailAddress.objects.filter(user=person, verified=True).order_by("-primary", "email")
        main, *others = [one.email for one in kept] or [person.email]
        return ", ".join([_("%(address)s (main)") % {"address": main}, *others])

    @admin.display(description=_("Groups"))
    def groups_in_words(self, person: User) -> str:
        return ", ".join(sorted(roles.called(group.name) for group in person.groups.all()))

    @admin.display(description=_("Permissions besides"))
    def permissions_in_words(self, person: User) -> str:
        held = person.user_permissions.select_related("content_type")
        return ", ".join(sorted(map(roles.act_of, held)))

    @admin.display(description=_("The last ones"))
    def last_letters(self, person: User) -> str:
        """Whether they left, and no address: those that count stand above."""
        shown = {"letters": letters.last_of(person)}
        return render_to_string("admin/accounts/user/letters.html", shown)

    @admin.display(description=_("Last signed in"), ordering="last_login")
    def signed_in(self, person: User) -> datetime | None:
        return person.last_login

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """SECURITY: the filters that are shown, and no other. Django allows any lookup on any own
        column, which reads a password's hash letter by letter (`password__regex`), or stalls. Dates
        are whole moments, as the filters write them."""
        is_moment = lookup.endswith(("__gte", "__lt"))
        return lookup in LOOKUPS and (not is_moment or is_a_moment(value))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is None:
            return any(map(request.user.has_perm, (rights.CHANGE, rights.SWITCH, rights.GRANT)))
        return bool(rights.changeable(request.user, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """What would be refused is not offered."""
        fields = super().get_readonly_fields(request, obj)
        if obj is None:
            return fields
        refused = {*rights.ACCESS, *FIELDS} - rights.changeable(request.user, obj)
        return (*fields, *sorted(IN_WORDS.get(name, name) for name in refused))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        may = rights.changeable(request.user, obj) if obj is not None else frozenset()
        asked = {"reason", "seen"}  # of those who change something
        left_out = set() if self.has_change_permission(request, obj) else asked
        words = {name: said for name, said in IN_WORDS.items() if name not in may}
        return [
            (title, {**facts, "fields": _drawn(facts["fields"], left_out, words)})
            for title, facts in super().get_fieldsets(request, obj)
        ]

    def keep(self, request: HttpRequest, obj: User, values: dict[str, Any], reason: str) -> str:
        held = obj.groups.exists() or obj.user_permissions.exists()
        was_superuser = obj.is_superuser
        if staff.change(request, obj, values, reason=reason):
            if values.get("is_staff") is not False or not (held or was_superuser):
                return ""
            return staff_grants.went_along(obj, held=held, superuser=was_superuser)
        return staff_grants.waits(obj)

    def has_send_reset_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(rights.SEND_RESET))

    def has_demand_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(rights.DEMAND))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With what may be done besides (change_form_object_tools.html)."""
        context["may"] = rights.acts(request.user, context["original"])
        context["waiting_addresses"] = addresses.waiting(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def has_history(self, request: HttpRequest) -> bool:
        return True

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """What the trail says staff did; Django's own table of such things stays empty."""
        person = self.get_object(request, unquote(object_id))
        if person is None:
            raise Http404
        if not self.has_view_or_change_permission(request, person):
            raise PermissionDenied
        history = staff_history.of(person)
        context = {
            "title": _("What staff did"),
            "subtitle": staff_words.called(person),
            "deeds": history.deeds,
            "left_out": history.left_out,
            "object": person,
        }
        return page_of(request, "admin/accounts/user/object_history.html", person, context)

    @admin.action(
        description=_("Send a letter to choose a new password"), permissions=["send_reset"]
    )
    def send_reset_letter(
        self, request: HttpRequest, people: QuerySet[User]
    ) -> HttpResponse | None:
        title = _("Send a letter to choose a new password")
        return self._with_reason(
            request, people, title, rights.SEND_RESET, staff.send_reset_letter, _sent
        )

    @admin.action(description=_("Demand a new password"), permissions=["demand"])
    def demand_password(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        title = _("Demand a new password")
        return self._with_reason(
            request, people, title, rights.DEMAND, password_demands.by_staff, _demanded
        )

    def _with_reason(
        self,
        request: HttpRequest,
        people: QuerySet[User],
        title: Any,
        permission: str,
        act: one_by_one.Act,
        said: Callable[[int], str],
    ) -> HttpResponse | None:
        """`act` on each of the chosen whom the actor may change, once a reason was given."""
        found = list(people[: LETTERS_AT_ONCE + 1])
        if len(found) > LETTERS_AT_ONCE:
            sentence = _("Choose at most %(count)d people at a time.") % {"count": LETTERS_AT_ONCE}
            self.message_user(request, sentence, messages.ERROR)
            return None
        chosen = [person for person in found if rights.may(request.user, person, permission)]
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": title,
                "action": request.POST["action"],
                "people": chosen,
                "left_out": [person for person in found if person not in chosen],
                "form": form,
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/accounts/user/reset_letter.html", context)
        one_by_one.do(act, request, chosen, form.cleaned_data["reason"], said)
        return HttpResponseRedirect(request.get_full_path())


def _drawn(fields: Any, left_out: Collection[str], words: Mapping[str, str]) -> list[str]:
    return [words.get(name, name) for name in fields if name not in left_out]


def _sent(count: int) -> str:
    return ngettext(
        "The letter goes to %(count)d person.", "The letter goes to %(count)d people.", count
    ) % {"count": count}


def _demanded(count: int) -> str:
    return ngettext(
        "%(count)d person must choose a new password, and is told by letter.",
        "%(count)d people must choose a new password, and are told by letter.",
        count,
    ) % {"count": count}
