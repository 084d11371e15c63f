"""What every page of the staff desk has in common: a flow decides and keeps, the admin draws."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.models import Permission
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import roles
from accounts.validators import validate_seen
from audit.events import LONGEST_REASON, SHORTEST_REASON

MOST_WORDS = 10  # of one search
MOST_DIGITS = 18  # of a row's number: any of them fits into a column of every database


def is_a_number(text: Any) -> bool:
    """Whether it may be the number of a row. What else is posted in its place reaches no database:
    some say that it is none by an error."""
    typed = str(text)
    return typed.isascii() and typed.isdecimal() and len(typed) <= MOST_DIGITS


class RowsField(forms.ModelMultipleChoiceField):
    """Rows by their numbers. Django asks a database for whatever number is posted."""

    def clean(self, value: Any) -> Any:
        posted = value if isinstance(value, (list, tuple)) else ()
        for one in posted:
            if not is_a_number(one):
                raise ValidationError(
                    self.error_messages["invalid_pk_value"],
                    code="invalid_pk_value",
                    params={"pk": str(one)[:MOST_DIGITS]},
                )
        return super().clean(value)


def _has_enough(reason: str) -> None:
    """Too short a one is told so by its length."""
    if len(reason) >= SHORTEST_REASON:
        validate_seen(reason, SHORTEST_REASON)


def reason_field(help_text: Any) -> forms.CharField:
    """Why a member of staff does what they do."""
    return forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        min_length=SHORTEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=help_text,
        error_messages={"required": gettext_lazy("Give the reason for this change.")},
        validators=[_has_enough],
    )


class ReasonForm(forms.Form):
    """Of what is done to a person."""

    reason = reason_field(gettext_lazy("The person is told, and it is kept in the trail."))


class Desk(admin.ModelAdmin):
    """Each room says in `keep` which flow a filled form goes to. Its form has a field `reason`."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    # So that a phone can leave it out (static/staff/desk.css).
    empty_value_display: str = mark_safe('<span class="none">–</span>')
    # What a list says that has no rows, and narrows nothing.
    nothing: Any = gettext_lazy("There is nothing here.")

    def has_history(self, request: HttpRequest) -> bool:
        """Whether the page of one links to what was changed of it."""
        return False

    def keep(self, request: HttpRequest, obj: Any, values: dict[str, Any], reason: str) -> str:
        """Store `values`, the fields that changed, rights and groups among them; what is to be said of
        it, '' for the usual."""
        raise NotImplementedError

    def title_of(self, obj: Any) -> str:
        """What the page of `obj` is called."""
        return str(obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Without Django's transaction around it: the flow renders its letter first and opens its
        own, in which everything the form changes is kept, or nothing (see `save_related`)."""
        return self._changeform_view(  # type: ignore[attr-defined]
            request, object_id, form_url, extra_context
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        values = {
            field: form.cleaned_data[field] for field in form.changed_data if field != "reason"
        }
        said = self.keep(request, obj, values, form.cleaned_data["reason"])
        if said:
            self.message_user(request, said, messages.WARNING)
            return
        said = _("Saved: %(name)s.") % {"name": obj} if values else _("Nothing was changed.")
        self.message_user(request, said, messages.SUCCESS)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """Back to the list. No windows (`_popup`), no "continue editing": a change is one act."""
        return self.response_post_save_add(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        return self.response_post_save_change(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """SECURITY: nothing is left to store here. Django would set groups and permissions on its
        own, beside the flow that refuses and records them."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """By its key. Django takes the column that an address names (`_to_field`, for its windows), and
        breaks over an empty one; PostgreSQL breaks over a NUL."""
        return None if "\x00" in object_id else super().get_object(request, object_id)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """None but those that a list names itself: Django allows any on every own column, and some
        only the database finds to be nonsense (`name__regex=(`)."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not all(map(is_a_number, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise SuspiciousOperation("A chosen row is no number.")
        title = {"title": capfirst(self.opts.verbose_name_plural), "nothing": self.nothing}
        nonsense = HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        if "\x00" in unquote(request.META.get("QUERY_STRING", "")):  # PostgreSQL has no word for it
            return nonsense
        try:
            return super().changelist_view(request, title | (extra_context or {}))
        except OverflowError:  # a date no zone can be told for, near either end of the calendar
            return nonsense

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Each word is a condition more, and a database takes only so many."""
        if len(search_term.split()) > MOST_WORDS:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    # The trail is the one diary. Django's would keep names where nobody forgets them.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        pass

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        pass

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        pass

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        raise Http404

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Our error summary leads to each field, in the place of Django's line that says "below"."""
        context |= {"errors": [], "subtitle": None, "has_history": self.has_history(request)}
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        if context["original"]:
            context["title"] = self.title_of(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """No windows that open beside the form to make or change a group on the way."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        if isinstance(widget, RelatedFieldWidgetWrapper):
            for what in ("add", "change", "delete", "view"):
                setattr(widget, f"can_{what}_related", False)
        return field

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Boxes to tick: Django's own picker needs a script, and a Ctrl key where there is none."""
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        kwargs.setdefault("form_class", RowsField)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Of permissions, those that an act asks for (accounts/roles.py), and those already held: what
        is not offered would be taken away by saving."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        for name, field in form.base_fields.items():
            several = isinstance(field, forms.ModelMultipleChoiceField)
            if several and field.queryset.model is Permission:
                held = getattr(obj, name).values("pk") if obj else ()
                field.queryset = self._offered(held)
        return form

    def _offered(self, held: Any) -> QuerySet[Permission]:
        offered = Q(pk__in=held)
        for app, codenames in roles.by_app().items():
            offered |= Q(content_type__app_label=app, codename__in=codenames)
        return Permission.objects.select_related("content_type").filter(offered).order_by("pk")
