"""The reference in each letter. Whoever has it, and knows the address the letter came to, can ask
whether it is ours (accounts/flows/letters.py).

Nothing here depends on what a letter says, and a reference opens nothing: it only lets a reader tell
our letter from one that was made to look like it.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import LetterRecord, OutgoingMail
from accounts.validators import address_or_blank
from audit import sealing
from audit.sealed import KeyedDigests

# 32 signs of five bits each; ten of them are 50 bits. Without 0, 1, I and L none looks like another;
# a typed 0 can only have been an O.
SIGNS = "23456789ABCDEFGHJKMNOPQRSTUVWXYZ"
GROUPS, GROUP = 2, 5
LENGTH = GROUPS * GROUP
LONGEST = 64
DIGESTS = KeyedDigests(
    "references of letters, and the addresses they went to",
    ("letter-reference", "letter-address"),
    "the page “Check an email” does not know these letters any more",
    LetterRecord.objects.all,
)


def draw() -> str:
    """A new reference, as it is shown: ABCDE-FGHJK."""
    signs = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    return "-".join(signs[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def normalise(typed: str) -> str:
    """The ten signs of what was typed, or '' for what is not shaped like a reference: case, spaces,
    dashes, dots and what nobody sees do not matter, nothing else is forgiven or cut."""
    if len(typed) > LONGEST:
        return ""
    plain = (c for c in unicodedata.normalize("NFKC", typed) if unicodedata.category(c) != "Cf")
    signs = "".join(c for c in plain if c not in " \t-._‐‑–—\u00a0")
    signs = signs.upper().replace("0", "O") if signs.isascii() else ""
    return signs if len(signs) == LENGTH and all(sign in SIGNS for sign in signs) else ""


def remember(mail: OutgoingMail, reference: str, recipient: str) -> None:
    """Write down the letter in this row of the outbox: one INSERT, in the same transaction.

    SECURITY: an unwanted one is written too, so that the work does not tell. Nobody ever finds it."""
    wanted = mail.state != OutgoingMail.State.UNWANTED
    LetterRecord(
        reference=_reference_digest(reference),
        address=address_digest(recipient),
        mail=mail,
        letter=mail.letter,
        subject_id=mail.subject_id if wanted else "",
        wanted=wanted,
        created_at=mail.created_at,
    ).save(force_insert=True)


def find(reference: str, address: str) -> LetterRecord | None:
    """The letter with this reference that went to this address. The same work for every pair: two
    digests and one SELECT."""
    rows = LetterRecord.objects.filter(
        reference=_reference_digest(reference), address=address_digest(address)
    )
    return rows.filter(wanted=True, created_at__gt=_oldest()).order_by("pk").first()


def of_person(subject_id: str, *, before: int | None = None, limit: int) -> list[LetterRecord]:
    """The letters they were sent, newest first, each with its row of the outbox as long as there is
    one. One SELECT, whatever the number of rows."""
    rows = LetterRecord.objects.filter(subject_id=subject_id, wanted=True)
    rows = rows.filter(created_at__gt=_oldest())
    if before is not None:
        rows = rows.filter(pk__lt=before)
    rows = rows.select_related("mail").defer("mail__body", "mail__recipient")
    return list(rows.order_by("-pk")[:limit]) if subject_id else []


def let_go(mails: Iterable[int]) -> None:
    """These rows of the outbox are about to be deleted: what cannot be seen without them is noted."""
    gone = LetterRecord.objects.filter(mail_id__in=mails, mail__state=OutgoingMail.State.DEAD)
    gone.update(given_up=True)


def forget(subject_id: str) -> None:
    """An erased person is named nowhere. One DELETE."""
    LetterRecord.objects.filter(subject_id=subject_id).delete()


def purge(batch: int = 500) -> int:
    """Forget a batch of letters that are listed no longer, and of those that nobody was to get;
    returns how many went."""
    old = LetterRecord.objects.filter(Q(wanted=False) | Q(created_at__lte=_oldest()))
    keys = list(old.values_list("pk", flat=True)[:batch])
    return LetterRecord.objects.filter(pk__in=keys).delete()[0] if keys else 0


def address_digest(address: str) -> str:
    """Of an address in its one spelling."""
    return sealing.keyed_digest(address_or_blank(address) or address, purpose="letter-address")


def _reference_digest(reference: str) -> str:
    return sealing.keyed_digest(normalise(reference), purpose="letter-reference")


def _oldest() -> datetime:
    return timezone.now() - timedelta(days=settings.POLICY_ACTIVITY_DAYS)
