"""Lockouts on the staff desk: which limits are full, whose, until when, and what opens them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import re_path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.desk import Desk, reason_field
from accounts.fields import posted
from accounts.flows import lockouts, rights
from accounts.lockout import full, known
from accounts.lockout.full import Lockout, Page
from accounts.lockout.known import Whose
from accounts.models import Lockout as Row
from accounts.models import User
from accounts.networks import parsing, rules
from accounts.networks.book import Book
from accounts.networks.snapshot import rules_at
from audit import reading

FIRST, A_PAGE = 10, 50
DIGEST_SHOWN = 12


class ClearForm(forms.Form):
    reason = reason_field(gettext_lazy("It is kept in the trail."))


@admin.register(Row)
class LockoutAdmin(Desk):
    """Looked at with the permission to; the row of a table says little, so these pages are our own."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or lockouts.may_clear(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) or self.has_view_permission(request)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.clear_view)
        clear = r"^(?P<limit>[a-z_]{1,40})/(?P<pk>[0-9]{1,18})/clear/$"
        return [re_path(clear, view, name="accounts_lockout_clear"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """A few of each limit; of one that is asked for, a page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = request.GET.get("limit", "")
        if chosen := known.named(asked):
            pages = [full.page(chosen, after=request.GET.get("after", ""), limit=A_PAGE)]
        else:
            pages = [] if asked else [full.page(one, limit=FIRST) for one in known.every()]
        sections = _sections(request, pages)
        _told_of_reading(request, [row for section in sections for row in section["rows"]])
        return self._drawn(
            request,
            "list.html",
            title=_("Lockouts"),
            chosen=chosen,
            is_unknown=bool(asked and not chosen),
            sections=sections,
            may_see_rules=request.user.has_perm("accounts.view_networkrule"),
        )

    def clear_view(self, request: HttpRequest, limit: str, pk: str) -> HttpResponse:
        """The confirm page of clearing one; of somebody's account, the way to theirs."""
        if not lockouts.may_clear(request.user):
            raise PermissionDenied
        limited = known.named(limit)
        found = full.one(limited, int(pk)) if limited else None
        if found is None:
            raise Http404
        (lockout,) = full.named([found])
        form = ClearForm(posted(request))
        if form.is_valid():
            if lockouts.clear(request, lockout, reason=form.cleaned_data["reason"]):
                messages.success(request, _("Cleared: it is counted anew from here on."))
            else:
                messages.warning(request, _("It had opened by itself."))
            return redirect("admin:accounts_lockout_changelist")
        row = _row(request, lockout, Book.of([]))
        _told_of_reading(request, [row])
        return self._drawn(request, "clear.html", title=_("Clear"), row=row, form=form)

    def _drawn(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        facts = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/accounts/lockout/{template}", facts)


def _told_of_reading(request: HttpRequest, rows: list[dict[str, Any]]) -> None:
    """The trail, where people or networks are shown."""
    if any(row["person"] or row["network"] for row in rows) and isinstance(request.user, User):
        reading.of_people(request.user, request, ["lockouts"])


def _sections(request: HttpRequest, pages: list[Page]) -> list[dict[str, Any]]:
    """The pages that hold something, their rows named all at once."""
    named = iter(full.named([row for page in pages for row in page.rows]))
    book = Book.of(rules_at(timezone.now()))
    return [
        {
            "known": page.known,
            "limit": page.known.limit(),
            "rows": [_row(request, next(named), book) for _row_of_it in page.rows],
            "next": urlencode({"limit": page.known.name, "after": page.next}) if page.next else "",
        }
        for page in pages
        if page.rows
    ]


def _row(request: HttpRequest, lockout: Lockout, book: Book) -> dict[str, Any]:
    """One lockout and what may be done about it by whoever asks. Networks are for those who may see
    addresses in the trail, people for those who may see people."""
    actor = request.user
    network = lockout.network if actor.has_perm("audit.view_addresses") else ""
    person = lockout.person if rights.may_see(actor) else None
    address = parsing.address(network.partition("/")[0]) if network else None
    may_deny = address is not None and actor.has_perm("accounts.add_networkrule")
    return {
        "lockout": lockout,
        "person": person,
        "network": network,
        "digest": _short(lockout, network),
        "unlock": person is not None and rights.may(actor, person, rights.UNLOCK),
        "clear": lockout.is_clearable and lockouts.may_clear(actor),
        "extend": _denial(network) if may_deny else "",
        "rule": rules.refusing(book, address, rules.SITE, timezone.now()) if address else None,
    }


def _short(lockout: Lockout, network: str) -> str:
    """The beginning of the digest of what has no other name here."""
    if lockout.known.whose == Whose.SITE or lockout.person:
        return ""
    if lockout.known.whose == Whose.NETWORK and network:
        return ""
    return lockout.subject.removeprefix("name:")[:DIGEST_SHOWN]


def _denial(network: str) -> str:
    """The form of a rule that keeps the network out for longer than the limit does."""
    query = {"kind": "deny", "scope": "site", "network": network, "lasts": "24"}
    return f"{reverse('admin:accounts_networkrule_add')}?{urlencode(query)}"
