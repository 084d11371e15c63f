"""The roles that come with the site, and what each may do from the start. They are groups like any
other, made by migrations: operators widen, narrow or delete them. docs/staff.md has the table.

Each room names the acts of its pages in settings.STAFF_ACTS.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.models import Permission
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

# As the database knows them, whatever language the desk speaks.
VIEWER, SUPPORT, SECURITY, ADMINISTRATOR = "viewer", "support", "security", "administrator"
ROLES: dict[str, str | Promise] = {
    VIEWER: _("Viewer"),
    SUPPORT: _("Support"),
    SECURITY: _("Security"),
    ADMINISTRATOR: _("Administrator"),
}
EVERYBODY = (VIEWER, SUPPORT, SECURITY, ADMINISTRATOR)
HELPING = (SUPPORT, ADMINISTRATOR)
GUARDING = (SECURITY, ADMINISTRATOR)


@dataclass(frozen=True)
class Act:
    """Something that staff do, the permission it takes, and who has that from the start."""

    name: str | Promise
    permission: str
    roles: tuple[str, ...]


ACTS = (
    Act(_("See people, and why somebody cannot sign in"), "accounts.view_user", EVERYBODY),
    Act(_("See events"), "audit.view_entry", EVERYBODY),
    Act(_("See the dashboard"), "audit.view_dashboard", EVERYBODY),
    Act(_("See alerts"), "audit.view_alert", EVERYBODY),
    Act(_("Handle alerts"), "audit.handle_alert", GUARDING),
    Act(_("See network rules"), "accounts.view_networkrule", EVERYBODY),
    Act(_("See lockouts"), "accounts.view_lockout", EVERYBODY),
    Act(_("See what waits to be sent"), "accounts.view_outgoingmail", EVERYBODY),
    Act(_("See what the worker did"), "accounts.view_jobrun", EVERYBODY),
    Act(_("Export events"), "audit.export_entries", (VIEWER, *GUARDING)),
    Act(_("Read notes about people"), "accounts.view_staffnote", EVERYBODY),
    Act(_("Add notes about people"), "accounts.add_staffnote", (SUPPORT, *GUARDING)),
    Act(_("Unlock"), "accounts.unlock_user", HELPING),
    Act(_("Sign out everywhere"), "accounts.sign_out_user", HELPING),
    Act(_("Send a letter to choose a new password"), "accounts.send_reset_letter", HELPING),
    Act(_("Send a confirmation again"), "accounts.resend_confirmation", HELPING),
    Act(_("Cancel a deletion"), "accounts.cancel_deletion", HELPING),
    Act(_("Have messages tried again"), "accounts.retry_outgoingmail", HELPING),
    Act(_("See addresses in events"), "audit.view_addresses", GUARDING),
    Act(_("Add network rules"), "accounts.add_networkrule", GUARDING),
    Act(_("End network rules"), "accounts.change_networkrule", GUARDING),
    Act(_("Clear lockouts of networks and of the site"), "accounts.clear_lockout", GUARDING),
    Act(_("Switch an account off and on"), "accounts.switch_user", GUARDING),
    Act(_("Demand a new password"), "accounts.demand_password", GUARDING),
    Act(_("Open an account where a change was stopped"), "accounts.lift_hold", GUARDING),
    Act(_("Lift limits that a person set"), "accounts.lift_limits", GUARDING),
    Act(_("Change names, language and time zone"), "accounts.change_user", (ADMINISTRATOR,)),
    Act(_("Make people staff, change groups"), "accounts.grant_staff", (ADMINISTRATOR,)),
)


def acts() -> tuple[Act, ...]:
    """Of all rooms, the lowest first."""
    return _acts(tuple(settings.STAFF_ACTS))


@lru_cache(maxsize=8)
def _acts(paths: tuple[str, ...]) -> tuple[Act, ...]:
    return tuple(act for path in paths for act in import_string(path))


def by_app() -> dict[str, list[str]]:
    """The permissions of all acts: of each app those that it has, by their codenames."""
    found: dict[str, list[str]] = defaultdict(list)
    for act in acts():
        app, _dot, codename = act.permission.partition(".")
        found[app].append(codename)
    return found


def in_order(permissions: Iterable[Permission]) -> list[Permission]:
    """As the acts stand, and what is no act of ours behind them."""
    places = {act.permission: place for place, act in enumerate(acts())}
    return sorted(permissions, key=lambda one: places.get(_named(one), len(places)))


def called(group: str) -> str:
    """The name of a group as people read it."""
    return str(ROLES.get(group, group))


def act_of(permission: Permission) -> str:
    """What a permission lets somebody do, as people read it: the name of the act where it is one of
    ours, else what Django calls it."""
    return act_named(_named(permission)) or str(permission.name)


def _named(permission: Permission) -> str:
    """As `has_perm` takes it."""
    return f"{permission.content_type.app_label}.{permission.codename}"


def acts_of(permissions: Iterable[Permission]) -> str:
    """The same of several, in one line: their names have commas."""
    return "; ".join(sorted(map(act_of, permissions)))


def act_named(name: str) -> str:
    """The same of a permission as `has_perm` takes it; '' where it is no act of ours."""
    return next((str(act.name) for act in acts() if act.permission == name), "")
