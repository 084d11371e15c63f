"""What this room keeps of a person (settings.PERSONAL_DATA), the library's addresses and the trail
with it."""

from __future__ import annotations

from collections.abc import Iterator

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import places
from accounts.devices import device_label
from accounts.exports import said
from accounts.exports.history import ACTIVITY
from accounts.exports.left_out import KEPT, LEFT_OUT
from accounts.exports.limits import LIMITS
from accounts.exports.notes import NOTES
from accounts.flows import phone
from accounts.lockout import tries
from accounts.models import (
    ActivityAnswer,
    Approval,
    ChangeSet,
    Confirmation,
    Consent,
    DataExport,
    FormerUsername,
    KnownDevice,
    LetterRecord,
    OutgoingMail,
    OwnLimits,
    PendingSignup,
    Phone,
    SentCode,
    Session,
    StaffNote,
    UnlockLetter,
    User,
)
from accounts.outbox import references
from accounts.personal_data import PersonalData, Row, Section, in_pieces
from accounts.serialize import SHOWN


def _account(user: User) -> Iterator[Row]:
    groups = sorted(user.groups.values_list("name", flat=True))
    yield {"id": str(user.uuid), **{name: getattr(user, name) for name in SHOWN}, "groups": groups}


def _addresses(user: User) -> Iterator[Row]:
    """Those that wait to be confirmed too: they are no address of the account yet."""
    for row in in_pieces(EmailAddress.objects.filter(user=user).select_related("since")):
        since = getattr(row, "since", None)
        yield {
            "email": row.email,
            "main": row.primary,
            "confirmed": row.verified,
            "confirmed_at": since.confirmed_at if since else None,
        }
    waiting = Confirmation.objects.filter(user=user, spent_at=None, expires_at__gt=timezone.now())
    for one in in_pieces(waiting):
        yield {"email": one.email, "main": False, "confirmed": False, "confirmed_at": None}


def _phone(user: User) -> Iterator[Row]:
    for row in Phone.objects.filter(user=user):
        yield {"number": phone.opened(row), "confirmed_at": row.confirmed_at}


def _consents(user: User) -> Iterator[Row]:
    for row in in_pieces(Consent.objects.filter(user=user)):
        yield {"version": row.version, "digest": row.digest, "at": row.at}


def _sessions(user: User) -> Iterator[Row]:
    columns = ("user_agent", "client_ip", "proved", "signed_in_at", "last_seen_at", "expires_at")
    for row in in_pieces(Session.objects.filter(user=user).only(*columns)):
        yield {
            "device": device_label(row.user_agent),
            "browser_said": row.user_agent,
            "address": row.client_ip or "",
            "place": places.place_of(row.client_ip or ""),
            "proved_by": [str(proof.get("method", "")) for proof in row.proved],
            "signed_in_at": row.signed_in_at,
            "last_seen_at": row.last_seen_at,
            "ends_at": row.expires_at,
        }


def _devices(user: User) -> Iterator[Row]:
    for row in in_pieces(KnownDevice.objects.filter(user=user)):
        yield {
            "device": device_label(row.user_agent),
            "browser_said": row.user_agent,
            "known_since": row.created_at,
            "last_used_at": row.last_used_at,
            "known_until": row.expires_at,
            "wrong_guesses_in_a_row": row.failures,
        }


def _letters(user: User) -> Iterator[Row]:
    """Those that were sent some time ago are remembered by their record alone."""
    records = LetterRecord.objects.filter(subject_id=user.subject_id, wanted=True)
    for record in in_pieces(records.select_related("mail").defer("mail__body", "mail__recipient")):
        yield {
            "channel": OutgoingMail.Channel.LETTER.value,
            "kind": record.letter,
            "written_at": record.created_at,
            "state": record.state.value,
            "finished_at": record.mail.finished_at if record.mail else None,
        }
    rows = OutgoingMail.objects.filter(subject_id=user.subject_id, record=None)
    for row in in_pieces(rows.defer("body", "recipient")):
        yield {
            "channel": row.channel,
            "kind": row.letter,
            "written_at": row.created_at,
            "state": row.state,
            "finished_at": row.finished_at,
        }


def _changes(user: User) -> Iterator[Row]:
    for row in in_pieces(ChangeSet.objects.filter(user=user).defer("former")):
        yield {
            "kind": row.kind,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "stopped_at": row.stopped_at,
            "closed_at": row.closed_at,
        }


def _copies(user: User) -> Iterator[Row]:
    for row in DataExport.objects.filter(user=user):
        yield {"asked_at": row.asked_at, "state": row.state}


SECTIONS = (
    Section(
        "account",
        _("Account"),
        {
            "id": _("Public identifier"),
            "username": _("Username"),
            "email": _("Main email address"),
            "name": _("Full name"),
            "display_name": _("Display name"),
            "language": _("Language"),
            "time_zone": _("Time zone"),
            "is_active": _("Switched on"),
            "is_staff": _("Staff"),
            "is_superuser": _("Administrator"),
            "staff_until": _("Staff until"),
            "created_at": _("Created"),
            "last_login": _("Last sign-in"),
            "password_changed_at": _("Password changed"),
            "deletion_due_at": _("Awaiting deletion until"),
            "groups": _("Groups"),
        },
        _account,
        said={"language": said.language},
        tables=("accounts.User", "accounts.User_groups"),
    ),
    LIMITS,
    Section(
        "addresses",
        _("Email addresses"),
        {
            "email": _("Email address"),
            "main": _("Main address"),
            "confirmed": _("Confirmed"),
            "confirmed_at": _("Confirmed since"),
        },
        _addresses,
        tables=("account.EmailAddress", "accounts.AddressSince", "accounts.Confirmation"),
    ),
    Section(
        "phone",
        _("Phone number"),
        {"number": _("Phone number"), "confirmed_at": _("Confirmed since")},
        _phone,
        tables=("accounts.Phone",),
    ),
    Section(
        "terms",
        _("Terms you agreed to"),
        {"version": _("Version"), "digest": _("SHA-256 of the text"), "at": _("When")},
        _consents,
        tables=("accounts.Consent",),
    ),
    Section(
        "sessions",
        _("Where you are signed in"),
        {
            "device": _("Device"),
            "browser_said": _("What the browser calls itself"),
            "address": _("Network address"),
            "place": _("Place (approximate)"),
            "proved_by": _("Signed in by"),
            "signed_in_at": _("Signed in"),
            "last_seen_at": _("Last active"),
            "ends_at": _("Ends"),
        },
        _sessions,
        said={"proved_by": said.ways},
        tables=("accounts.Session",),
    ),
    Section(
        "devices",
        _("Known devices"),
        {
            "device": _("Device"),
            "browser_said": _("What the browser calls itself"),
            "known_since": _("Known since"),
            "last_used_at": _("Last used"),
            "known_until": _("Known until"),
            "wrong_guesses_in_a_row": _("Wrong passwords in a row"),
        },
        _devices,
        tables=("accounts.KnownDevice",),
    ),
    Section(
        "letters",
        _("Emails and texts sent to you"),
        {
            "channel": _("Sent as"),
            "kind": _("Kind"),
            "written_at": _("Written"),
            "state": _("State"),
            "finished_at": _("Sent, or given up"),
        },
        _letters,
        said={
            "channel": said.one_of(said.CHANNELS),
            "kind": said.message,
            "state": said.one_of(said.SENT),
        },
        tables=("accounts.OutgoingMail", "accounts.LetterRecord"),
    ),
    Section(
        "changes",
        _("Changes that can still be undone"),
        {
            "kind": _("What changed"),
            "created_at": _("When"),
            "expires_at": _("Can be undone until"),
            "stopped_at": _("Stopped"),
            "closed_at": _("Settled"),
        },
        _changes,
        said={"kind": said.one_of(said.CHANGES)},
        tables=("accounts.ChangeSet",),
    ),
    NOTES,
    Section(
        "copies",
        _("Copies of your data"),
        {"asked_at": _("Asked for"), "state": _("State")},
        _copies,
        said={"state": said.one_of(said.COPIES)},
        tables=("accounts.DataExport",),
    ),
    ACTIVITY,
)


def erase(user: User) -> None:
    """SECURITY: sign-ups that wait for one of the addresses lead nowhere, and have it in clear. Names
    that were given up stay held, and nobody knows whose they were."""
    tries.forget_failures(user)
    addresses = EmailAddress.objects.filter(user=user)
    emails = [user.email, *addresses.values_list("email", flat=True)]
    PendingSignup.objects.filter(email__in=emails).delete()
    OutgoingMail.objects.filter(subject_id=user.subject_id).delete()
    references.forget(user.subject_id)
    mine = (
        ActivityAnswer, ChangeSet, Confirmation, Consent, DataExport, KnownDevice, Phone,
        OwnLimits, SentCode, Session, StaffNote, UnlockLetter,
    )  # fmt: skip
    # Held first: a worker that stores a piece between the delete of all pieces and that of their copy
    # would keep the copy there.
    list(DataExport.objects.select_for_update().filter(user=user).values_list("pk"))
    for model in mine:
        model._base_manager.filter(user=user).delete()
    # What they typed and did not send lies where nobody is signed in (accounts/unsent.py).
    Session.objects.filter(unsent_of=user.pk).delete()
    words = Q(person=user) | Q(asked_by=user) | Q(approved_by=user)
    Approval.objects.filter(words).delete()
    FormerUsername.objects.filter(user=user).update(user=None)
    addresses.delete()
    user.groups.clear()
    user.user_permissions.clear()


DATA = PersonalData(sections=SECTIONS, erase=erase, left_out=LEFT_OUT, kept=KEPT)
