"""Taking much of the trail out takes a second one of staff: asked for, approved, and then done once by
whoever asked.

`asked` says what would be taken, in words and numbers that JSON has (no typed names: the row rests in
clear for a day): the same again when it is asked for, looked for and spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.flows import approvals
from accounts.flows.approvals import Kind, Wish
from accounts.models import Approval, User

EXPORT = "audit.export_entries"


def _said(wish: Wish) -> list[str]:
    return [f"{name}: {value}." for name, value in sorted(wish.asked.items())]


KIND = Kind(
    _("Export many entries of the trail"), said=_said, command="manage.py auth_events export"
)


def ask(request: HttpRequest, asked: Mapping[str, Any], *, reason: str) -> Approval:
    """Ask a second one. Raises as `approvals.ask`."""
    return approvals.ask(request, _wish(asked), reason=reason)


def granted(actor: User, asked: Mapping[str, Any]) -> Approval | None:
    """The word by which `actor` may take exactly this out now."""
    return approvals.granted(actor, _wish(asked))


def spend(actor: User, asked: Mapping[str, Any]) -> bool:
    """Use that word up, right before it is done: True once."""
    return approvals.spend(actor, _wish(asked))


def _wish(asked: Mapping[str, Any]) -> Wish:
    return Wish("export", EXPORT, asked=dict(asked))
