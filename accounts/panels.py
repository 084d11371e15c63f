"""What higher rooms put on a person's own pages: entries of the menu, items of the overview, and what
somebody is told they are about to do when a fresh proof is asked for.

ACCOUNT_PANELS names one `Panel` a room, by dotted name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.activity import checks
from accounts.activity.checks import Check
from accounts.activity.sentences import SENTENCES
from accounts.activity.told import Sentences, Told
from accounts.job_words import JOBS
from accounts.models import User
from accounts.outbox.kinds import LETTERS
from accounts.requests import OwnRequest

Words = str | Promise


@dataclass(frozen=True)
class MenuEntry:
    """`url_name` is the page; `covers` the pages under it that are shown as this one. `after`: which
    entry of a lower room it stands behind, '' for the end. `only`: who sees it, where not everybody
    does; it is asked for every page, so it makes no statement."""

    url_name: str
    icon: str
    label: Words
    covers: str | tuple[str, ...] = ""
    after: str = ""
    only: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class DeviceCard:
    """A section of the page of devices: `template` draws it from `rows`. `marks` are the words that
    stand as a badge at sessions of a known device, by the device's number."""

    template: str
    rows: Sequence[Any]
    marks: Mapping[int, Words] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """One way in which somebody proves themselves, as staff see it: never a secret."""

    what: Words
    name: str
    added_at: datetime
    last_used_at: datetime | None = None
    note: Words = ""


@dataclass(frozen=True)
class Panel:
    """`todo(user)`: open items, most urgent first, each with `title text url label icon`.
    `facts(user)`: lines of "How you sign in", each with `label value url link_label`.
    `offer(request)`: a page that the overview's script may lead to where the device is fit for what it
    offers, or ''.
    `notices(user)`: what stands over each page of theirs, each with `title text url label`, the last
    two of a button that POSTs; it is asked for every page, so it makes no statement.
    `devices(user)`: what it adds to the page of devices, or None; one statement at most.
    `about_to`: by url name, the sentence over the page that asks for a fresh proof.
    `sentences`: how each event of the room is told to the person it is about; every event has a
    verdict in one room (accounts/activity/).
    `methods(user)`: by what they prove themselves besides the password, for staff.
    `to_check(user)`: what whoever was in an account may have left behind (A12's rescue page).
    `letters`: what each letter of the room is about, by its kind (templates/mail/<kind>/).
    `jobs`: what each job of the room's housekeeping does, by its dotted name."""

    menu: tuple[MenuEntry, ...] = ()
    todo: Callable[[User], list[dict[str, Any]]] = lambda user: []
    facts: Callable[[User], list[dict[str, Any]]] = lambda user: []
    offer: Callable[[OwnRequest], str] = lambda request: ""
    notices: Callable[[User], list[dict[str, Any]]] = lambda user: []
    devices: Callable[[User], DeviceCard | None] = lambda user: None
    about_to: Mapping[str, Words] = field(default_factory=dict)
    sentences: Sentences = field(default_factory=dict)
    methods: Callable[[User], list[Method]] = lambda user: []
    to_check: Callable[[User], list[Check]] = lambda user: []
    letters: Mapping[str, Words] = field(default_factory=dict)
    jobs: Mapping[str, Words] = field(default_factory=dict)


def _held(user: User) -> list[dict[str, Any]]:
    """While a change is stopped (accounts/undo): only the owner's old devices are signed in."""
    if user.held_since is None:
        return []
    return [
        {
            "title": _now("A change to your account was stopped."),
            "text": _now(
                "The link in an email about it was used. Nothing can be changed and no new device signs"
                " in, until it is undone by that link, or kept. Was the change yours? Keep it, and"
                " remove addresses that you do not read any more."
            ),
            "url": reverse("account_undo_keep"),
            "label": _now("Keep the change"),
        }
    ]


def _may_see_the_desk(user: Any) -> bool:
    """As the desk itself asks (accounts/staff_site.py), of the session's own record."""
    verified = getattr(user, "is_verified", None)
    return bool(user.is_active and user.is_staff and verified and verified())


OWN = Panel(
    jobs=JOBS,
    notices=_held,
    menu=(
        MenuEntry("account_overview", "home", _("Overview")),
        MenuEntry("account_profile", "user", _("Profile"), covers="/accounts/username/"),
        MenuEntry("account_email", "mail", _("Email addresses"), covers="/accounts/phone/"),
        MenuEntry("account_change_password", "lock", _("Password")),
        MenuEntry("account_limits", "key", _("Limits")),
        MenuEntry("account_devices", "laptop", _("Devices"), covers="/accounts/sessions/"),
        MenuEntry("account_activity", "pulse", _("Activity"), covers="/accounts/activity/"),
        MenuEntry(
            "account_data", "save", _("Your data"), covers=("/accounts/data/", "/accounts/delete/")
        ),
        MenuEntry("admin:index", "desktop", _("Staff desk"), only=_may_see_the_desk),
    ),
    sentences=SENTENCES,
    letters=LETTERS,
    to_check=checks.own,
    about_to={
        "account_email": _(
            "You are about to change your email addresses. Confirm it is you first."
        ),
        **dict.fromkeys(
            ("account_phone", "account_phone_change", "account_phone_verify"),
            _("You are about to change your phone number. Confirm it is you first."),
        ),
        "account_change_password": _(
            "You are about to change your password. Confirm it is you first."
        ),
        "account_username": _("You are about to change your username. Confirm it is you first."),
        "account_limits": _("You are about to change your limits. Confirm it is you first."),
        "account_undo_keep": _("You are about to keep a stopped change. Confirm it is you first."),
        "account_devices": _(
            "You are about to sign out or forget a device. Confirm it is you first."
        ),
        "account_sign_out_others": _(
            "You are about to sign out all your other devices. Confirm it is you first."
        ),
        "account_data_export": _(
            "You are about to get a copy of all your data. Confirm it is you first."
        ),
        "account_delete": _("You are about to delete your account. Confirm it is you first."),
    },
)


@lru_cache(maxsize=1)
def every() -> tuple[Panel, ...]:
    """Ours, then those of higher rooms."""
    return (OWN, *map(import_string, settings.ACCOUNT_PANELS))


def menu() -> list[MenuEntry]:
    entries: list[MenuEntry] = []
    for entry in (entry for panel in every() for entry in panel.menu):
        names = [one.url_name for one in entries]
        place = names.index(entry.after) + 1 if entry.after in names else len(entries)
        entries.insert(place, entry)
    return entries


def hidden_from(user: Any) -> frozenset[str]:
    """The entries of the menu, by url name, that this person does not see."""
    some = [entry for panel in every() for entry in panel.menu if entry.only is not None]
    is_in = getattr(user, "is_authenticated", False)
    return frozenset(one.url_name for one in some if not (is_in and one.only and one.only(user)))


def notices(user: Any) -> list[dict[str, Any]]:
    """Of whoever is signed in; nobody has any."""
    if not getattr(user, "is_authenticated", False):
        return []
    return [notice for panel in every() for notice in panel.notices(user)]


def about_to(url_name: str) -> Words | None:
    """What whoever comes from that page is about to do, if it says so."""
    return next((panel.about_to[url_name] for panel in every() if url_name in panel.about_to), None)


@lru_cache(maxsize=1)
def sentences() -> dict[str, Told | None]:
    """The verdict of every room on its events, by the event's value."""
    return {event.value: told for panel in every() for event, told in panel.sentences.items()}


def letter_called(kind: str) -> Words:
    """What a letter of this kind is about, in words."""
    named = (panel.letters[kind] for panel in every() if kind in panel.letters)
    return next(named, _("Another email of this site"))


def job_called(name: str) -> Words:
    """What the job of this dotted name does, in words."""
    return next((panel.jobs[name] for panel in every() if name in panel.jobs), name)


@receiver(setting_changed)
def _forget(**_changed: Any) -> None:
    every.cache_clear()
    sentences.cache_clear()
