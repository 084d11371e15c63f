"""Taking much of the trail out takes a second one of staff: asked for, approved, and then done once by
whoever asked.

`asked` says what would be taken, in words and numbers that JSON has (no typed names: the row rests in
clear for a day): the same again when it is asked for, looked for and spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.flows import approved, rights
from accounts.flows.approvals import Kind, Wish
from accounts.models import Approval, User
from accounts.staff_words import PARTS
from audit.trail import Two

EXPORT, ADDRESSES = "audit.export_entries", "audit.view_addresses"


def _said(wish: Wish) -> list[str]:
    """How much it is, and by what it is narrowed, as the list of events calls that."""
    asked = dict(wish.asked)
    entries, networks = asked.pop("entries", None), asked.pop("networks", None)
    said = []
    if entries is not None:
        most = {"most": number_format(entries, force_grouping=True)}
        with_addresses = networks == "with"
        said.append(
            _("Up to %(most)s events, with network addresses.") % most
            if with_addresses
            else _("Up to %(most)s events, without network addresses.") % most
        )
    return said + [f"{PARTS.get(name, name)}: {value}" for name, value in sorted(asked.items())]


def _allows(actor: User, wish: Wish) -> bool:
    """Nobody lets out what they may not look at themselves."""
    with_addresses = wish.asked.get("networks") == "with"
    return actor.has_perm(rights.SEE_EVENTS) and (not with_addresses or actor.has_perm(ADDRESSES))


KIND = Kind(
    gettext_lazy("Export many entries of the trail"),
    said=_said,
    allows=lambda wishes: _allows,
    command="manage.py auth_events export",
)


def ask(request: HttpRequest, asked: Mapping[str, Any], *, reason: str) -> Approval:
    """Ask a second one. Raises as `approved.ask`."""
    return approved.ask(request, _wish(asked), reason=reason)


def granted(actor: User, asked: Mapping[str, Any]) -> Approval | None:
    """The word by which `actor` may take exactly this out now."""
    return approved.granted(actor, _wish(asked))


def spend(actor: User, asked: Mapping[str, Any]) -> Two | None:
    """Use that word up, right before it is done: once, who gave it."""
    return approved.spend(actor, _wish(asked))


def _wish(asked: Mapping[str, Any]) -> Wish:
    return Wish("export", EXPORT, asked=dict(asked))
