"""The owner's way through: a letter that makes one browser known for some minutes.

It lifts no limit. The browser that proves the mailbox spends the tries of known devices from then
on, while strangers stay where they are.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare

from accounts.flows import proofs
from accounts.identify import find_user
from accounts.known_devices import devices
from accounts.lockout import buckets, budgets, recipients
from accounts.models import UnlockLetter, User
from accounts.outbox import letters
from accounts.validators import address_or_blank
from audit import sealing, trail
from audit.events import Event
from audit.sealed import KeyedDigests

SESSION_KEY = "unlock_letter"
DIGESTS = KeyedDigests(
    "codes of unlock letters, under way",
    ("unlock-code",),
    "they are refused; the link of the same letter works",
    lambda: _with_code().filter(spent_at=None),
)


def ask(request: HttpRequest, identifier: str) -> None:
    """Queue the letter that fits and bind its code to this browser. The answer is the same for all,
    and so is the work. Raises TooManyTries per network only."""
    budgets.spend(budgets.UNLOCKS, buckets.network_bucket(request))
    user = find_user(identifier)
    proof = proofs.new_proof()
    now = timezone.now()
    row = UnlockLetter(
        key_digest=sealing.token_digest(proof.key),
        credentials_version=user.credentials_version if user else 0,
        created_at=now,
        # SECURITY: the link works for no less than the hour in which letters are counted. Whoever
        # has caused all of that hour has filled the owner's mailbox with ways through.
        expires_at=now + timedelta(minutes=settings.POLICY_RESET_LINK_MINUTES),
    )
    row.code_digest = _digest(row, proof.code)
    letter = _letter(user, identifier, proof)
    with transaction.atomic():
        wanted = _is_wanted(request, user, identifier)
        # SECURITY: what no letter tells opens nothing: past the cap there is no code to be guessed.
        row.user = user if wanted else None
        row.save()
        letter.put(wanted=wanted)
        trail.record(Event.UNLOCK_REQUESTED, subject=user, request=request, label=identifier)
    request.session[SESSION_KEY] = row.pk


def _letter(user: User | None, identifier: str, proof: proofs.Proof) -> letters.Letter:
    typed = address_or_blank(identifier)
    whose = user.subject_id if user else ""
    if user is None:  # nobody gets it; it is composed so that this takes no other time
        language = translation.get_language() or settings.LANGUAGE_CODE
        user = User(username="nobody", email=settings.DEFAULT_FROM_EMAIL, language=language)
    if not user.is_active:
        return letters.switched_off(**letters.reader(user))
    reader = letters.reader(user, to=typed)
    reader["subject_id"] = whose
    return letters.unlock(
        code=proof.code,
        link=settings.SITE_URL + reverse("account_unlock_key", args=[proof.key]),
        minutes=settings.POLICY_CODE_MINUTES,
        link_minutes=settings.POLICY_RESET_LINK_MINUTES,
        unlocked=settings.POLICY_UNLOCK_MINUTES,
        **reader,
    )


def _is_wanted(request: HttpRequest, user: User | None, identifier: str) -> bool:
    """The same statements for everybody. One network has half of what a person gets, so that it
    cannot close the way through. Nobody is told that an address has no account: whoever needs
    this letter was refused a sign-in, and the reset letter says it."""
    off = user is not None and not user.is_active
    room = budgets.spend_share_if_room(
        budgets.SWITCHED_OFF_LETTERS if off else budgets.UNLOCK_LETTERS,
        recipients.of(user, identifier),
        by=buckets.network_bucket(request),
    )
    return room and user is not None


def asked(request: HttpRequest) -> UnlockLetter | None:
    """The letter that this browser asked for last, while its code may work."""
    key = request.session.get(SESSION_KEY)
    if key is None:
        return None
    return _with_code().filter(pk=key).first()


def _with_code() -> QuerySet[UnlockLetter]:
    """Letters whose code may work still: for a shorter time than the link."""
    born = timezone.now() - timedelta(minutes=settings.POLICY_CODE_MINUTES)
    return UnlockLetter.objects.filter(created_at__gt=born)


def by_code(request: HttpRequest, row: UnlockLetter, code: str) -> bool:
    """Whether the code was right; this browser is known then. Raises TooManyTries.

    SECURITY: a try is taken by one conditional UPDATE before the code is compared.
    """
    budgets.spend(budgets.UNLOCK_CODES, buckets.network_bucket(request))
    mine = _with_code().filter(pk=row.pk, spent_at=None)
    has_try = mine.filter(code_tries__lt=settings.POLICY_CODE_TRIES).update(
        code_tries=F("code_tries") + 1
    )
    right = constant_time_compare(row.code_digest, _digest(row, code))
    return bool(has_try) and right and _open(request, row)


def find(key: str) -> UnlockLetter | None:
    """The letter behind a link, if it may still be used."""
    if not 20 <= len(key) <= 64:
        return None
    rows = UnlockLetter.objects.filter(key_digest=sealing.token_digest(key), spent_at=None)
    return rows.filter(expires_at__gt=timezone.now()).first()


def by_link(request: HttpRequest, row: UnlockLetter) -> bool:
    """Spend the link of a letter for the browser it was opened in."""
    return _open(request, row)


def _open(request: HttpRequest, row: UnlockLetter) -> bool:
    """Once, for exactly one of all who race."""
    with transaction.atomic():
        # Held, so that a reset or a switch-off of this moment comes before or after it.
        people = User.objects.select_for_update(of=("self",), no_key=True)
        user = people.filter(
            pk=row.user_id or 0, is_active=True, credentials_version=row.credentials_version
        ).first()
        spent = UnlockLetter.objects.filter(pk=row.pk, spent_at=None)
        if user is None or not spent.update(spent_at=timezone.now()):
            return False
        devices.remember_for(request, user, settings.POLICY_UNLOCK_MINUTES)
        trail.record(Event.UNLOCKED_BY_LETTER, subject=user, request=request)
    request.session.pop(SESSION_KEY, None)
    return True


def _digest(row: UnlockLetter, code: str) -> str:
    # Keyed, because 34 bits could be tried through; bound to the one letter.
    return sealing.keyed_digest(
        f"{row.key_digest}:{proofs.normalise_code(code)}", purpose="unlock-code"
    )


def purge(batch: int = 500) -> int:
    """Forget a batch of letters that have run out; returns how many went."""
    old = UnlockLetter.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1))
    keys = list(old.values_list("pk", flat=True)[:batch])
    return UnlockLetter.objects.filter(pk__in=keys).delete()[0] if keys else 0
