"""How often something that costs or annoys may happen for one subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from accounts.errors import TooManyTries
from accounts.lockout.counting import Counter
from accounts.models import Tally
from audit.sealing import keyed_digest

__all__ = [
    "Budget",
    "TooManyTries",
    "forget",
    "give_back",
    "give_back_share",
    "share",
    "spend",
    "spend_if_room",
    "spend_share",
    "spend_share_if_room",
    "wait",
    "would_allow",
]

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Budget:
    """At most `limit()` times in a `window` that begins with the first of them."""

    name: str
    limit: Callable[[], int]
    window: timedelta


# SECURITY: one budget for each kind of letter, so that causing one kind never uses up another: the
# letters of sign-ups must not stand between an owner and a reset.
SIGNUP_LETTERS = Budget("signup_letters", lambda: settings.POLICY_LETTERS_PER_HOUR, HOUR)
ADDRESS_LETTERS = Budget("address_letters", lambda: settings.POLICY_LETTERS_PER_HOUR, HOUR)
# What one account asks for that is told by letter each time: addresses to add, whomever they belong to,
# another main one, other limits. Back and forth without end, it would bury the letter that matters.
ADDRESS_ASKS = Budget("address_asks", lambda: 3 * settings.POLICY_LETTERS_PER_HOUR, HOUR)
# The same for one person's main address, and for all their others together.
RESET_LETTERS = Budget("reset_letters", lambda: settings.POLICY_LETTERS_PER_HOUR, HOUR)
# Letters that tell an address that it has no account here.
UNKNOWN_LETTERS = Budget("unknown_letters", lambda: 1, timedelta(days=1))
SWITCHED_OFF_LETTERS = Budget("switched_off_letters", lambda: 1, timedelta(days=1))
# Of wrong passwords until a wait (accounts/flows/sign_in_letters.py).
FAILED_TRIES_LETTERS = Budget("failed_tries_letters", lambda: 1, timedelta(days=1))
SIGNUPS = Budget("signups", lambda: settings.POLICY_SIGNUPS_PER_HOUR, HOUR)
RESETS = Budget("resets", lambda: settings.POLICY_RESETS_PER_HOUR, HOUR)
UNLOCKS = Budget("unlocks", lambda: settings.POLICY_RESETS_PER_HOUR, HOUR)
# Ways around a lost second step (mfa): a right password is no failure, and each costs a letter.
RECOVERIES = Budget("recoveries", lambda: settings.POLICY_RESETS_PER_HOUR, HOUR)
# Of what somebody signed in said was not them: more tell their addresses nothing new.
RESCUE_LETTERS = Budget("rescue_letters", lambda: settings.POLICY_LETTERS_PER_HOUR, HOUR)
UNLOCK_LETTERS = Budget("unlock_letters", lambda: settings.POLICY_LETTERS_PER_HOUR, HOUR)
SIGN_IN_CODES = Budget("sign_in_codes", lambda: settings.POLICY_RESETS_PER_HOUR, HOUR)
SIGN_IN_CODE_LETTERS = Budget(
    "sign_in_code_letters", lambda: settings.POLICY_LETTERS_PER_HOUR, HOUR
)
# Between two codes that one browser asks for (accounts/flows/sent_codes.py).
CODE_PAUSES = Budget("code_pauses", lambda: 1, timedelta(seconds=60))
UNLOCK_CODES = Budget("unlock_codes", lambda: 3 * settings.POLICY_CODE_TRIES_PER_HOUR, HOUR)
# Keys of mailed links that fitted nothing (accounts/lockout/links.py).
LINKS = Budget("links", lambda: settings.POLICY_LINKS_PER_HOUR, HOUR)
# References of letters that were asked about (accounts/flows/letters.py).
LETTER_CHECKS = Budget("letter_checks", lambda: settings.POLICY_RESETS_PER_HOUR, HOUR)
# Of what is counted only so that it is counted.
NOTHING = Budget("nothing", lambda: 1, HOUR)
# Mailed codes compared for one sign-up or account, over all codes it was sent.
CODES = Budget("codes", lambda: settings.POLICY_CODE_TRIES_PER_HOUR, HOUR)

# Proofs from before a change, behind the link that stopped it (accounts/flows/undo.py); those on the
# owner's old devices are another subject's.
UNDO_PROOFS = Budget("undo_proofs", lambda: 5, HOUR)
# Passwords offered where a new one is required: each is compared with the one that must go.
REQUIRED_PASSWORDS = Budget(
    "required_passwords", lambda: 3 * settings.POLICY_CODE_TRIES_PER_HOUR, HOUR
)

# Usernames that one person asks for: the answers tell which are taken.
USERNAMES = Budget("usernames", lambda: 20, HOUR)
# Copies of one person's data: each reads all that there is of them.
EXPORTS = Budget("exports", lambda: settings.POLICY_EXPORTS_PER_DAY, timedelta(days=1))
DOWNLOADS = Budget("downloads", lambda: 20, HOUR)

# Texts (accounts/texts/allowance.py): to one number, for one person, and what guards the bill.
TEXT_PAUSES = Budget("text_pauses", lambda: 1, timedelta(seconds=60))
TEXTS = Budget("texts", lambda: settings.POLICY_TEXTS_PER_HOUR, HOUR)
TEXT_ASKS = Budget("text_asks", lambda: 2 * settings.POLICY_TEXTS_PER_HOUR, HOUR)
NETWORK_TEXTS = Budget("network_texts", lambda: settings.POLICY_TEXTS_PER_NETWORK_PER_HOUR, HOUR)
COUNTRY_TEXTS = Budget("country_texts", lambda: settings.POLICY_TEXTS_PER_COUNTRY_PER_HOUR, HOUR)
SITE_TEXTS = Budget("site_texts", lambda: settings.POLICY_TEXTS_PER_SITE_PER_HOUR, HOUR)


def spend(budget: Budget, subject: str) -> None:
    """Count one for `subject`, or raise TooManyTries with the seconds until it opens again.

    Under any race exactly the limit gets through. Two statements; one when it is spent.
    """
    _counter(budget, subject).take()


def spend_share(budget: Budget, subject: str, *, by: str) -> None:
    """`spend`, but of a limit that strangers could use up for others, one `by` (a network, an
    account) gets no more than the half. Raises TooManyTries; two statements more than `spend`."""
    spend(*share(budget, subject, by=by))
    spend(budget, subject)


def give_back_share(budget: Budget, subject: str, *, by: str) -> None:
    """What `spend_share` counted did not happen after all."""
    give_back(*share(budget, subject, by=by))
    give_back(budget, subject)


def share(budget: Budget, subject: str, *, by: str) -> tuple[Budget, str]:
    """The budget and subject in which the half is counted that one `by` gets."""
    half = Budget(f"{budget.name}_share", lambda: (budget.limit() + 1) // 2, budget.window)
    return half, f"{by} {subject}"


def spend_if_room(budget: Budget, subject: str) -> bool:
    """Count one for `subject` if there is room, and say whether. One statement either way."""
    return bool(_counter(budget, subject).add())


def spend_share_if_room(budget: Budget, subject: str, *, by: str) -> bool:
    """`spend_share`, for acts whose work must not tell: two statements, the same ones always."""
    has_share = spend_if_room(*share(budget, subject, by=by))
    return spend_if_room(budget if has_share else NOTHING, subject) and has_share


def would_allow(budget: Budget, subject: str) -> bool:
    """Whether `spend` would go through now. Decides nothing: `spend` does. One SELECT."""
    return not wait(budget, subject)


def wait(budget: Budget, subject: str) -> int:
    """In how many seconds `spend` would go through; 0 for now. Decides nothing. One SELECT."""
    return _counter(budget, subject).wait()


def give_back(budget: Budget, subject: str) -> None:
    """What was counted did not happen after all."""
    _counter(budget, subject).give_back()


def forget(budget: Budget, *subjects: str) -> None:
    """Begin anew: what was counted says nothing any more. One DELETE."""
    digests = [digest(budget, subject) for subject in subjects]
    Tally.objects.filter(budget=budget.name, subject__in=digests).delete()


def digest(budget: Budget, subject: str) -> str:
    """What stands in the row of `subject`."""
    return keyed_digest(subject, purpose=f"budget {budget.name}")


def _counter(budget: Budget, subject: str) -> Counter:
    return Counter(
        Tally,
        {"budget": budget.name, "subject": digest(budget, subject)},
        count="count",
        since="started_at",
        limit=budget.limit(),
        window=budget.window,
        budget=budget.name.removesuffix("_share"),
    )
