"""Codes that are sent and typed back: at sign-in, as a second step, to confirm who it is.

A code works for one purpose, in the browser that asked for it (ASVS 6.6.2), for some minutes, and
bears few wrong tries. Whoever compares one counts the try at the account besides (`tries.guess`):
what is kept here is counted by code, and anybody can ask for another.
"""

from __future__ import annotations

import secrets
import unicodedata
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.flows import proofs
from accounts.lockout import budgets
from accounts.models import SentCode, User
from audit import sealing
from audit.sealed import KeyedDigests

EMAIL, TEXT = SentCode.Channel.EMAIL, SentCode.Channel.TEXT
# What a text message holds and people copy by hand: 20 bits (ASVS 6.5.4).
DIGITS = 6
LONGEST_TYPED = 64
# What stands between digits where people write or paste them.
SEPARATORS = frozenset(
    " \t\u00a0\u2007\u2009\u202f\u3000-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d."
)
SESSION_KEY = "sent_code_binding"

PAUSE_SECONDS = int(budgets.CODE_PAUSES.window.total_seconds())


DIGESTS = KeyedDigests(
    "codes that were sent, under way",
    ("sent-code",),
    "they are refused; another can be asked for",
    lambda: SentCode.objects.filter(spent_at=None, expires_at__gt=timezone.now()),
)


def make(channel: str) -> str:
    """A fresh code as it is sent: KFWP-RXTZ by email (34.6 bits), 482913 by text."""
    if channel == EMAIL:
        return proofs.new_code()
    return "".join(secrets.choice("0123456789") for _ in range(DIGITS))


def normalise(channel: str, typed: str) -> str:
    """What of `typed` is compared, or '' if it is not shaped like a code of this channel."""
    return proofs.normalise_code(typed) if channel == EMAIL else normalise_digits(typed)


def normalise_digits(typed: str) -> str:
    """Six ASCII digits, or ''. Digits of any script count as what they mean, and spaces, dashes and
    dots between them as nothing.

    SECURITY: read sign by sign. `int()` would take "+12345", "1_2" and " 12 " for numbers.
    """
    if len(typed) > LONGEST_TYPED:
        return ""
    digits = [unicodedata.decimal(sign, None) for sign in typed if sign not in SEPARATORS]
    if len(digits) != DIGITS or None in digits:
        return ""
    return "".join(map(str, digits))


def keep(
    request: HttpRequest,
    user: User | None,
    purpose: str,
    channel: str,
    code: str,
    *,
    wanted: bool = True,
) -> SentCode:
    """Write the row behind a letter or a text, for the browser that asked. One INSERT, for nobody
    too; it belongs into the transaction of the letter. Codes sent before stay good for their time.

    SECURITY: what nobody is told opens nothing. A letter over its budget is not `wanted`, and its
    row is nobody's: there is no code to be guessed.
    """
    now = timezone.now()
    row = SentCode(
        user=user if wanted else None,
        purpose=purpose,
        channel=channel,
        binding=_binding(request, fresh=True),
        credentials_version=user.credentials_version if user and wanted else 0,
        created_at=now,
        expires_at=now + timedelta(minutes=settings.POLICY_CODE_MINUTES),
    )
    row.code_digest = _digest(row.user, purpose, channel, row.binding, code)
    row.save(force_insert=True)
    return row


def match(request: HttpRequest, user: User | None, purpose: str, channel: str, typed: str) -> bool:
    """Whether a code that is good for `user` in this browser was typed. Then every open code of
    theirs for this purpose is used up, in all browsers, and exactly one of all who race hears it.

    Call it outside of any transaction: a try that was taken stays taken. For nobody it is never
    right, by the same two statements as a wrong one.

    SECURITY: every call takes a try by one conditional UPDATE and believes only a try that it got, so
    that of any number of parallel guesses no more than POLICY_CODE_TRIES count. Tries are those of
    this browser's codes: nobody elsewhere can use up the owner's.
    """
    binding = _binding(request)
    guessed = _digest(user, purpose, channel, binding, typed)
    live = _unspent(binding, user, purpose, channel).filter(expires_at__gt=timezone.now())
    with transaction.atomic():
        found = _held(live, "code_digest")
        right = [key for key, digest in found if constant_time_compare(digest, guessed)]
        mine = SentCode.objects.filter(pk__in=right or [key for key, _ in found] or [0])
        taken = mine.filter(tries__lt=settings.POLICY_CODE_TRIES).update(tries=F("tries") + 1)
    if user is None or not right or not taken:
        return False
    return _use_up(user, purpose, right)


def _use_up(user: User, purpose: str, right: list[int]) -> bool:
    """End all open codes of the person for this purpose; True for whoever ended the right one."""
    with transaction.atomic():
        # Held, so that a changed password or a switch-off of this moment comes before or after it.
        people = User.objects.select_for_update(of=("self",), no_key=True)
        seen = people.filter(
            pk=user.pk, is_active=True, credentials_version=user.credentials_version
        )
        if seen.values_list("pk").first() is None:
            return False
        theirs = SentCode.objects.filter(user=user, purpose=purpose)
        _held(_open(theirs))
        won = theirs.filter(pk__in=right, spent_at=None).update(spent_at=timezone.now())
        _open(theirs).update(spent_at=timezone.now())
    return bool(won)


def has_run_out(request: HttpRequest, user: User, purpose: str, channel: str, typed: str) -> bool:
    """Whether a code was typed that would have been right some minutes ago. Ask after a try that was
    counted and wrong, and of somebody who showed a first proof."""
    binding = _binding(request)
    guessed = _digest(user, purpose, channel, binding, typed)
    late = _unspent(binding, user, purpose, channel).filter(expires_at__lte=timezone.now())
    kept = late.values_list("code_digest", flat=True)
    return any(constant_time_compare(digest, guessed) for digest in kept)


def end_all(user: User, **told: Any) -> None:
    """No code of the person's works any more. `credentials.moved` calls it, in its transaction."""
    theirs = _open(SentCode.objects.filter(user=user))
    if _held(theirs):
        theirs.update(spent_at=timezone.now())


def _unspent(binding: str, user: User | None, purpose: str, channel: str) -> QuerySet[SentCode]:
    """What was sent to this browser for this purpose, under the credentials of now, and not used."""
    return SentCode.objects.filter(
        binding=binding,
        purpose=purpose,
        channel=channel,
        user=user,
        credentials_version=user.credentials_version if user else 0,
        spent_at=None,
    )


def _open(rows: QuerySet[SentCode]) -> QuerySet[SentCode]:
    return rows.filter(spent_at=None, expires_at__gt=timezone.now())


def _held(rows: QuerySet[SentCode], *columns: str) -> list[tuple[Any, ...]]:
    """Lock rows, always in one order: two who change several at once would else each wait for what
    the other holds."""
    return list(rows.select_for_update().order_by("pk").values_list("pk", *columns))


def pause(request: HttpRequest, purpose: str, whose: str) -> None:
    """Count that a code is asked for, or raise TooManyTries with the seconds until this browser may
    ask for another one for `whose`: what was typed as a name, never whom it names, or whoever asks
    under two names would learn that both are one person's."""
    budgets.spend(budgets.CODE_PAUSES, f"{purpose} {_binding(request, fresh=True)} {whose}")


def letters_of(purpose: str) -> budgets.Budget:
    """The budget of this purpose's letters for one recipient (`recipients.of`): causing one kind
    never uses up another."""
    return budgets.Budget(
        f"{purpose}_code_letters", lambda: settings.POLICY_LETTERS_PER_HOUR, budgets.HOUR
    )


def _binding(request: HttpRequest, *, fresh: bool = False) -> str:
    """The digest of what this browser's session holds, which is made if it is asked for `fresh`."""
    value = request.session.get(SESSION_KEY, "")
    if not value and fresh:
        value = request.session[SESSION_KEY] = secrets.token_urlsafe(32)
    return sealing.token_digest(value)


def _digest(user: User | None, purpose: str, channel: str, binding: str, code: str) -> str:
    # Keyed: a million candidates, and 34 bits too, could be tried through by whoever reads the table.
    owner = f"user:{user.pk}" if user else "nobody"
    bound = f"{owner}:{purpose}:{channel}:{binding}:{normalise(channel, code)}"
    return sealing.keyed_digest(bound, purpose="sent-code")


def purge(batch: int = 500) -> int:
    """Forget a batch of codes that ran out a day ago; returns how many went. In one statement:
    nothing hangs on them."""
    old = SentCode.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1))
    keys = list(old.values_list("pk", flat=True)[:batch])
    return old.filter(pk__in=keys)._raw_delete(old.db) if keys else 0
