"""What staff may do about an alert: in words, and where."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.alerts.rules import CRITICAL, RULES

Words = str | Promise


@dataclass(frozen=True)
class Advice:
    """`url` is empty where there is no page for it, or not for whoever asks."""

    says: Words
    link: Words = ""
    url: str = ""


# Of each rule: what to do, and whose page that is: the page, what it is called, and the right it takes.
SAID: dict[str, tuple[Words, str]] = {
    "failures_rise": (
        _("Look which limits are full: clear those of a network that is yours, extend the others."),
        "lockouts",
    ),
    "network_accounts": (
        _("Keep the network out for a while, if it is not one of yours."),
        "network",
    ),
    "account_networks": (
        _("Ask them whether they can sign in; demand a new password where it may be known."),
        "person",
    ),
    "texts_rise": (
        _("Look where texts go, and lower their limits if it is none of your countries."),
        "dashboard",
    ),
    "resets_rise": (
        _("Look which limits are full, and whether one network asks for all of them."),
        "lockouts",
    ),
    "staff_added": (
        _("Ask whoever did it. If they did not, take the mark away and sign both out everywhere."),
        "person",
    ),
    "staff_method_removed": (
        _("Ask them. If they know nothing of it, switch the account off until it is clear."),
        "person",
    ),
    "staff_new_device": (
        _("Ask them. If it was not them, sign them out everywhere and demand a new password."),
        "person",
    ),
    "mail_late": (
        _("Look what the mail server answers, and whether the worker is at work."),
        "mail",
    ),
    "clock_off": (
        _("Set the clocks of all machines by one time server: codes and limits go by them."),
        "",
    ),
    "trail_wrong": (
        _(
            "Stop the worker, keep a copy of the database as it is, and compare with the heads kept."
        ),
        "checks",
    ),
    "trail_late": (_("Start the worker, or look what it fails with."), "jobs"),
}
_PAGES: dict[str, tuple[str, Words, str]] = {
    "lockouts": ("admin:accounts_lockout_changelist", _("Lockouts"), "accounts.view_lockout"),
    "network": ("admin:accounts_networkrule_add", _("Network rule"), "accounts.add_networkrule"),
    "person": ("admin:accounts_user_change", _("Their page"), "accounts.view_user"),
    "dashboard": ("admin:dashboard", _("Dashboard"), "audit.view_dashboard"),
    "mail": (
        "admin:accounts_outgoingmail_changelist",
        _("Mail queue"),
        "accounts.view_outgoingmail",
    ),
    "checks": ("admin:audit_entry_changelist", _("Checks of the trail"), "audit.view_entry"),
    "jobs": ("admin:accounts_jobrun_changelist", _("Jobs"), "accounts.view_jobrun"),
}


# What an act does: to what lasts, and is found by the hour; to what happens; and to what is critical.
_EFFECTS: dict[str, tuple[Words, Words, Words]] = {
    "see": (_("It stays open, and everybody sees that somebody has looked at it."),) * 3,
    "mute": (
        _(
            "Until then nobody is told of it. If it still lasts afterwards, it is new again and told"
            " again; if it is over, it stays in the list as seen."
        ),
        _(
            "Until then nobody is told, also if it happens again. Afterwards it stays in the list as"
            " seen, and is new again when it happens again."
        ),
        _(
            "Until then nobody is told of what happened so far. If it happens again, the silence ends"
            " at once and it is told again: it is critical."
        ),
    ),
    "close": (
        _("What was found so far is done with. What begins in a later hour opens an alert anew."),
        _("What happened so far is done with. If it happens again, another alert is opened."),
        _("What happened so far is done with. If it happens again, another alert is opened."),
    ),
}


def effect(act: str, rule: str) -> Words:
    by_the_hour, happens, critical = _EFFECTS[act]
    if rule not in RULES or not RULES[rule].is_of_events:
        return by_the_hour
    return critical if rule in CRITICAL else happens


def advice(request: HttpRequest, rule: str, *, person: User | None, network: str) -> Advice:
    """For whoever asks: what they may not do or see has no link."""
    if rule not in SAID:
        return Advice("")
    says, page = SAID[rule]
    if page not in _PAGES:
        return Advice(says)
    name, link, right = _PAGES[page]
    if not request.user.has_perm(right):
        return Advice(says)
    if page == "person":
        return Advice(says, link, reverse(name, args=[person.pk])) if person else Advice(says)
    if page == "network":
        query = {"kind": "deny", "scope": "site", "network": network, "lasts": "24"}
        return (
            Advice(says, link, f"{reverse(name)}?{urlencode(query)}") if network else Advice(says)
        )
    if page == "checks":
        return Advice(says, link, f"{reverse(name)}?event=trail.verified")
    return Advice(says, link, reverse(name))
