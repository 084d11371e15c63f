"""Somebody of whom there is a row in every table that can name a person, hostile texts included."""

from __future__ import annotations

import json
from datetime import timedelta

from allauth.account.models import EmailAddress, EmailConfirmation
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnUserHandle

from accounts.lockout import buckets
from accounts.models import (
    ActivityAnswer,
    Approval,
    ChangeSet,
    Confirmation,
    Consent,
    FormerUsername,
    KnownDevice,
    NetworkRule,
    OwnLimits,
    SentCode,
    Session,
    UnlockLetter,
    User,
    phone,
    staff_note,
)
from accounts.outbox import letters
from audit import sealing, trail
from audit.events import Event
from audit.models import Alert, Entry
from mfa.devices import sent_codes
from mfa.models import (
    MailedCode,
    PasskeyOffer,
    RecoveryRequest,
    RecoveryStopKey,
    TrustedBrowser,
)
from tests.support import cast, copies, passkey, second_steps

NAME = '<script>alert("name")</script>\u202e=HYPERLINK("http://evil.example")' + "\u0301" * 60
AGENT = "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)> Mozilla/5.0"
NUMBER = "+33612345678"


def lived(username: str = "wanda", **fields: object) -> User:
    """A person with all that the site can keep of one. Nothing of it leads anywhere."""
    user = cast.person(username, name=NAME[:150], **fields)
    now, later = timezone.now(), timezone.now() + timedelta(days=1)
    _accounts(user, later)
    _mfa(user, later)
    trail.record(Event.SIGNED_IN, actor=user, subject=user, method="password")
    entry = Entry.objects.filter(subject_id=user.subject_id).latest("id")
    ActivityAnswer.objects.create(entry=entry.pk, user=user, was_me=True, at=now)
    return user


def secret_of(user: User, what: str) -> str:
    """A value that is kept of them and that nobody may be told."""
    return sealing.token_digest(f"{what} of {user.pk}")


def _accounts(user: User, later: object) -> None:
    phone.row_of(user.pk, NUMBER).save()
    address = EmailAddress.objects.create(
        user=user, email=f"second-{user.username}@example.net", verified=True
    )
    EmailConfirmation.objects.create(
        email_address=address, key=secret_of(user, "library's key"), sent=timezone.now()
    )
    Confirmation.objects.create(
        user=user,
        email=f"waiting-{user.username}@example.net",
        code_digest=secret_of(user, "code"),
        key_digest=secret_of(user, "key"),
        code_expires_at=later,
        expires_at=later,
    )
    Consent.objects.create(user=user, version="2026-1", digest="d" * 64)
    FormerUsername.objects.create(user=user, digest=secret_of(user, "former username"))
    KnownDevice.objects.create(user=user, key=secret_of(user, "device"), user_agent=AGENT)
    key = secret_of(user, "session")
    Session.objects.create(
        key=key,
        user=user,
        data=sealing.seal(b"what it holds", context=f"session {key}"),
        client_ip="203.0.113.7",
        user_agent=AGENT,
        proved=[{"method": "password", "at": 1}],
        signed_in_at=timezone.now(),
        expires_at=later,
    )
    SentCode.objects.create(
        user=user,
        purpose="confirm",
        channel="email",
        code_digest=secret_of(user, "sent code"),
        binding=secret_of(user, "binding"),
        expires_at=later,
    )
    UnlockLetter.objects.create(
        user=user,
        code_digest=secret_of(user, "unlock code"),
        key_digest=secret_of(user, "unlock key"),
        expires_at=later,
    )
    OwnLimits.objects.create(user=user, set_at={"recovery_days": "2026-11-01T00:00:00+00:00"})
    digest = secret_of(user, "undo link")
    former = json.dumps({"password": user.password}).encode()
    ChangeSet.objects.create(
        user=user,
        kind="password",
        key_digest=digest,
        former=sealing.seal(former, context=f"what was before change {digest}"),
        expires_at=later,
    )
    letters.already_registered(link="/accounts/login/", **letters.reader(user)).put()
    NetworkRule.objects.create(
        kind="deny", scope="site", network="203.0.113.0/24", note="x", ends_at=later,
        created_by=user.subject_id,
    )  # fmt: skip
    whose = {"about": user.subject_id, "closed_by": user.subject_id}
    Alert.objects.create(rule="account_networks", state="closed", **whose)
    staff_note.row_of(user.pk, secret_of(user, "colleague")[:36], f"{NAME} called").save()
    AccessAttempt.objects.create(
        username=buckets.of_user(user), ip_address="203.0.113.7", failures_since_start=1
    )
    copies.resting(user, b"what is kept of them")
    user.groups.add(Group.objects.get_or_create(name="helpers")[0])
    user.user_permissions.add(Permission.objects.order_by("pk")[0])


def _mfa(user: User, later: object) -> None:
    second_steps.give_app(user)
    passkey.give(user, passkey.security_key())
    sent_codes.row_of(user, NUMBER).save()
    MailedCode.objects.create(user=user, name="email")
    PasskeyOffer.objects.create(user=user, times=2)
    WebAuthnUserHandle.objects.get_or_create(user=user)
    TrustedBrowser.objects.create(
        user=user, key=secret_of(user, "trust"), user_agent=AGENT, expires_at=later
    )
    request = RecoveryRequest.objects.create(
        user=user, state="waiting", ready_at=later, ends_at=timezone.now() + timedelta(days=2)
    )
    RecoveryStopKey.objects.create(request=request, digest=secret_of(user, "stop link"))
    colleague = User.objects.filter(username="a-colleague").first() or cast.person("a-colleague")
    about = {"credentials_version": 1, "reason": "ticket"}
    Approval.objects.create(person=user, asked_by=colleague, act="remove", **about)
    Approval.objects.create(person=colleague, asked_by=user, act=f"by-{user.pk}", **about)
    yes = {"approved_by": user, "approved_at": timezone.now()}
    Approval.objects.create(asked_by=colleague, act="export", about=user.pk, **yes, **about)
