"""Letters that prove an address: an eight-letter code and a link, one row behind both."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Confirmation, PendingSignup, User
from audit import sealing
from audit.sealed import KeyedDigests

# 20 letters, eight of them: 34.6 bits. No vowels (no words), none that look like another.
CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LENGTH = 8
DIGESTS = KeyedDigests(
    "codes that confirm an address, under way",
    ("mailed-code",),
    "they are refused; the link of the same letter works",
    lambda: Confirmation.objects.filter(spent_at=None, code_expires_at__gt=timezone.now()),
)


@dataclass(frozen=True)
class Proof:
    """What one letter carries, in clear. It is in the letter and nowhere else."""

    code: str
    key: str

    @property
    def link(self) -> str:
        return settings.SITE_URL + reverse("account_confirm_email", args=[self.key])


def new_code() -> str:
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def new_proof() -> Proof:
    return Proof(code=new_code(), key=secrets.token_urlsafe(24))


def normalise_code(typed: str) -> str:
    """The eight letters of what was typed, or an empty string if it is not shaped like a code.

    Case, spaces, dashes and dots do not matter; nothing else is forgiven or cut.
    """
    code = "".join(c for c in typed[:64] if c not in " \t-.‐‑–—\u00a0").upper()
    if len(typed) > 64 or len(code) != CODE_LENGTH or any(c not in CODE_LETTERS for c in code):
        return ""
    return code


def _code_digest(owner: str, code: str) -> str:
    # Keyed: 34 bits could be tried through by whoever reads the table.
    return sealing.keyed_digest(f"{owner}:{code}", purpose="mailed-code")


def _owner(signup: PendingSignup | None, user: User | None) -> str:
    return f"signup:{signup.pk}" if signup else f"user:{user.pk if user else ''}"


def keep(
    proof: Proof, *, email: str, signup: PendingSignup | None = None, user: User | None = None
) -> Confirmation:
    """Write the row behind a letter. Belongs into the transaction of the letter."""
    now = timezone.now()
    return Confirmation.objects.create(
        signup=signup,
        user=user,
        email=email,
        code_digest=_code_digest(_owner(signup, user), normalise_code(proof.code)),
        key_digest=sealing.token_digest(proof.key),
        created_at=now,
        code_expires_at=now + timedelta(minutes=settings.POLICY_CODE_MINUTES),
        expires_at=now + timedelta(hours=settings.POLICY_CONFIRM_LINK_HOURS),
    )


def of_owner(signup: PendingSignup | None, user: User | None) -> QuerySet[Confirmation]:
    return Confirmation.objects.filter(signup=signup, user=user)


def match_code(
    typed: str, *, signup: PendingSignup | None = None, user: User | None = None
) -> Confirmation | None:
    """The unspent row whose code was typed, or None.

    SECURITY: every call takes a try by one conditional UPDATE and believes only a try that it got, so
    that of any number of parallel guesses no more than POLICY_CODE_TRIES count.
    """
    under_cap = Q(code_tries__lt=settings.POLICY_CODE_TRIES)
    live = of_owner(signup, user).filter(
        under_cap, spent_at=None, code_expires_at__gt=timezone.now()
    )
    found = live.filter(
        code_digest=_code_digest(_owner(signup, user), normalise_code(typed))
    ).first()
    tried = live.filter(pk=found.pk) if found else live
    taken = tried.update(code_tries=F("code_tries") + 1)
    return found if taken else None


def find_link(key: str) -> Confirmation | None:
    """The row behind a link, spent or not, run out or not."""
    if not 20 <= len(key) <= 64:
        return None
    return (
        Confirmation.objects.select_related("signup", "user")
        .filter(key_digest=sealing.token_digest(key))
        .first()
    )


def is_open(confirmation: Confirmation) -> bool:
    return confirmation.spent_at is None and confirmation.expires_at > timezone.now()


def spend(confirmation: Confirmation) -> bool:
    """Use the row up; True for exactly one caller, whoever races."""
    return bool(
        Confirmation.objects.filter(pk=confirmation.pk, spent_at=None).update(
            spent_at=timezone.now()
        )
    )


def purge(batch: int = 500) -> int:
    """Forget one batch of sign-ups and proofs that have run out; returns how many rows went."""
    now = timezone.now()
    gone = 0
    for rows in (
        PendingSignup.objects.filter(expires_at__lt=now),
        Confirmation.objects.filter(expires_at__lt=now - timedelta(days=1)),
    ):
        keys = list(rows.values_list("pk", flat=True)[:batch])
        gone += rows.model.objects.filter(pk__in=keys).delete()[0]
    return gone
