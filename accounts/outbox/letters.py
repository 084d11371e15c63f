"""Every letter of the site, one function each. They compose and return a Letter; its `put()` is
what belongs into the transaction of the act. The words are in templates/mail/<letter>/.

Common arguments: `to` is the address, `language` and `name` the reader's, `subject_id` the reader
as the trail knows them (empty where there is no account). `link` is a path or an address of this
site.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from ipaddress import ip_address
from typing import Literal, NotRequired, TypedDict, Unpack
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import formats, timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext

from accounts.devices import device_label
from accounts.models import User
from accounts.outbox.cleaning import name_for_greeting, prose
from accounts.outbox.compose import Letter, compose
from accounts.places import place_of

__all__ = ["Happening", "Letter"]

FACT_LENGTH = 80
REASON_LENGTH = 500
ChangeKind = Literal["address", "password", "factor", "phone", "username", "limits", "deletion"]


class Reader(TypedDict):
    """Whom a letter is for."""

    to: str
    language: str
    name: NotRequired[str]
    subject_id: NotRequired[str]
    undo: NotRequired[str]


def reader(user: User, *, to: str = "") -> Reader:
    """`user` as the reader of a letter, at the main address unless `to` names another of theirs."""
    return {
        "to": to or user.email,
        "language": user.language,
        "name": called(user),
        "subject_id": user.subject_id,
    }


def called(user: User) -> str:
    """The name to greet `user` by: their display name, where a letter may say it."""
    return name_for_greeting(user.display_name) or user.name


@dataclass(frozen=True)
class Happening:
    """What the table of a letter says: when, on which device, from where and how.

    `how` may be a lazy translation; it is read in the reader's language. Empty facts are left out.
    """

    at: datetime
    device: str = ""
    place: str = ""
    how: str | Promise = ""
    time_zone: str = "UTC"

    @classmethod
    def of(
        cls, request: HttpRequest, *, how: str | Promise = "", user: User | None = None
    ) -> Happening:
        """What this request says of itself, in the language and time zone of `user`."""
        agent = request.META.get("HTTP_USER_AGENT", "")
        with translation.override(user.language if user else translation.get_language()):
            device = device_label(agent)
            ip = getattr(request, "client_ip", "")
            place = place_of(ip) or ip
        return cls(
            at=timezone.now(),
            device=device,
            place=place,
            how=how,
            time_zone=user.time_zone if user else "UTC",
        )

    def rows(self) -> list[tuple[str, str]]:
        """Label and value of each fact that is known, in the language that is active."""
        facts = [
            (gettext("When"), self.when()),
            (gettext("Device"), prose(self.device, FACT_LENGTH)),
            (self.place_label(), prose(self.place, FACT_LENGTH)),
            (gettext("How"), prose(self.how, FACT_LENGTH)),
        ]
        return [(label, value) for label, value in facts if value]

    def place_label(self) -> str:
        """A network address is called one: without a place database it is all that is known."""
        try:
            ip_address(self.place)
        except ValueError:
            return gettext("Place (approximate)")
        return gettext("Network address")

    def when(self) -> str:
        """Like "23 November 2026, 09:14 (London)"."""
        zone: tzinfo = UTC
        name = "UTC"
        try:
            zone = ZoneInfo(self.time_zone)
            name = self.time_zone.rpartition("/")[2].replace("_", " ")
        except (KeyError, ValueError, OSError):
            pass  # not a zone's name, or none that this machine's table has
        moment = formats.date_format(self.at.astimezone(zone), "DATETIME_FORMAT")
        return f"{moment} ({name})"


def confirm_address(*, code: str, link: str, minutes: int, **reader: Unpack[Reader]) -> Letter:
    """E1: the code and the link that prove an address. `minutes` is how long the code works; the
    link has its own, longer time."""
    hours = settings.POLICY_CONFIRM_LINK_HOURS
    return compose("confirm_address", code=code, link=link, minutes=minutes, hours=hours, **reader)


def already_registered(*, link: str, **reader: Unpack[Reader]) -> Letter:
    """E2: somebody asked for an account with an address that has one. `link`: the sign-in page."""
    return compose("already_registered", link=link, **reader)


def no_account(**reader: Unpack[Reader]) -> Letter:
    """E3: a reset or code was asked for an address without account."""
    return compose("no_account", **reader)


def sign_in_code(
    *,
    code: str,
    minutes: int,
    purpose: Literal["sign_in", "second_step", "confirm", "recovery"],
    happened: Happening,
    **reader: Unpack[Reader],
) -> Letter:
    """E4: a code that is typed in the browser that asked, and for what. The subject has none of it:
    a locked screen shows subjects."""
    told = happened.rows
    return compose(
        "sign_in_code", code=code, minutes=minutes, purpose=purpose, happened=told, **reader
    )


def unlock(
    *,
    code: str,
    link: str,
    minutes: int,
    link_minutes: int,
    unlocked: int,
    **reader: Unpack[Reader],
) -> Letter:
    """To an owner who has to wait because strangers guess: a code that works for `minutes` and a
    link that works for `link_minutes`. Either lets one browser try like a known device for
    `unlocked` minutes."""
    times = {"minutes": minutes, "link_minutes": link_minutes, "unlocked": unlocked}
    return compose("unlock", code=code, link=link, **times, **reader)


def reset_password(
    *, link: str, minutes: int, username: str, by_staff: bool = False, **reader: Unpack[Reader]
) -> Letter:
    """E5: the link that lets its reader choose a new password. `by_staff`: they did not ask."""
    return compose(
        "reset_password",
        link=link,
        minutes=minutes,
        username=username,
        by_staff=by_staff,
        **reader,
    )


def address_changed(
    *,
    kind: Literal["added", "main", "removed"],
    old: str,
    new: str,
    link: str,
    happened: Happening,
    **reader: Unpack[Reader],
) -> Letter:
    """E6: to each address concerned. An address other than the reader's is shown masked. `link`: where
    an account is secured, for the reader who did not do this."""
    return compose(
        "address_changed",
        change=kind,
        old=masked(old, unless=reader["to"]),
        new=masked(new, unless=reader["to"]),
        link=link,
        happened=happened.rows,
        **reader,
    )


def password_changed(
    *,
    kind: Literal["changed", "set", "reset", "reset_by_text"],
    link: str,
    happened: Happening,
    **reader: Unpack[Reader],
) -> Letter:
    """E7. `link`: where a password is reset, for the reader who did not do this."""
    return compose("password_changed", change=kind, link=link, happened=happened.rows, **reader)


def change_stopped(*, kind: ChangeKind, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """To every address, those from before the change too: it was stopped by the link of its letter."""
    return compose("change_stopped", change=kind, happened=happened.rows, **reader)


def change_stopped_for_staff(
    *, username: str, kind: ChangeKind, **reader: Unpack[Reader]
) -> Letter:
    """The same to SUPPORT_EMAIL: the owner of `username` may ask for help."""
    return compose("change_stopped_for_staff", username=username, change=kind, **reader)


def reset_held(**reader: Unpack[Reader]) -> Letter:
    """Instead of a reset letter, while a change is stopped: the password can be changed by nobody."""
    return compose("reset_held", **reader)


def change_undone(*, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """To the addresses that are there again: everything is as it was before the change."""
    return compose("change_undone", happened=happened.rows, **reader)


def change_kept(*, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """To every address: the owner kept a stopped change, and the account is open again."""
    return compose("change_kept", happened=happened.rows, **reader)


def activity_disowned(*, link: str, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """Somebody signed in said "This was not me", which ended all other sessions. `link`: where a
    password is reset, for the reader who did not do this."""
    return compose("activity_disowned", link=link, happened=happened.rows, **reader)


def switched_off(*, happened: Happening | None = None, **reader: Unpack[Reader]) -> Letter:
    """To the owner of a switched-off account that was given its right password or asked for a
    reset: the pages say nothing of it to anybody."""
    return compose("switched_off", happened=happened.rows if happened else None, **reader)


def staff_changed(
    *,
    action: str | Promise,
    reason: str,
    happened: Happening | None = None,
    **reader: Unpack[Reader],
) -> Letter:
    """E15: what staff did, and the reason they gave. `action` is a sentence."""
    return compose(
        "staff_changed",
        action=action,
        reason=prose(reason, REASON_LENGTH),
        happened=happened.rows if happened else None,
        **reader,
    )


def address_taken(*, link: str, **reader: Unpack[Reader]) -> Letter:
    """To the owner of an address that somebody tried to add to another account."""
    return compose("address_taken", link=link, **reader)


def masked(address: str, *, unless: str = "") -> str:
    """Like s•••@example.com, except for the reader's own address."""
    if not address or address == unless:
        return address
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
