"""Signing in by a mailed code. Off unless POLICY_SIGN_IN_BY_CODE: whoever reads the mailbox gets in,
though never past a second step. Known and unknown names look alike, and cost alike."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import translation

from accounts.errors import TooManyTries
from accounts.flows import sent_codes, sign_in_letters
from accounts.gates import gates
from accounts.identify import find_user_once
from accounts.lockout import buckets, budgets, recipients, tries
from accounts.models import User
from accounts.outbox import letters
from accounts.outbox.letters import Happening
from accounts.validators import address_or_blank
from audit import trail
from audit.events import Event

PURPOSE = "sign_in"


def ask(request: HttpRequest, identifier: str, *, by_person: bool = True) -> None:
    """Queue the letter that fits: a code for a person, a word for an address without account.

    The answer is the same for all, and so is the work: the same letters are composed either way. Over
    the cap none is sent and nothing is said, nor if it was not asked for `by_person`. Raises
    TooManyTries per network, and for the pause between two letters.
    """
    network = buckets.network_bucket(request)
    budgets.spend(budgets.SIGN_IN_CODES, network)
    try:
        sent_codes.pause(request, PURPOSE, buckets.spelling(identifier))
    except TooManyTries:
        budgets.give_back(budgets.SIGN_IN_CODES, network)
        raise
    user = find_user_once(request, identifier)
    code = sent_codes.make(sent_codes.EMAIL)
    letter = _fitting_letter(request, user, identifier, code)
    with transaction.atomic():
        wanted = by_person and _is_wanted(request, user, identifier)
        has_code = wanted and user is not None and user.is_active
        sent_codes.keep(request, user, PURPOSE, sent_codes.EMAIL, code, wanted=has_code)
        letter.put(wanted=wanted)
        event = Event.SIGN_IN_CODE_REQUESTED if by_person else Event.SIGN_IN_CODE_TRAPPED
        trail.record(event, subject=user, request=request, label=identifier)


def _is_wanted(request: HttpRequest, user: User | None, identifier: str) -> bool:
    """Count the letter for the mailbox it goes to. The same statements, whoever it is and however
    often they were asked for. One network has half of what a person gets: a code works in one
    browser, so those that a stranger caused are of no use to the owner."""
    if user is None:
        budget = budgets.UNKNOWN_LETTERS
    else:
        budget = budgets.SIGN_IN_CODE_LETTERS if user.is_active else budgets.SWITCHED_OFF_LETTERS
    whose, by = recipients.lane(request, user, recipients.of(user, identifier))
    room = budgets.spend_share_if_room(budget, whose, by=by)
    told = user is not None or (address_or_blank(identifier) != "" and settings.POLICY_TELL_UNKNOWN)
    return room and told


def _fitting_letter(
    request: HttpRequest, user: User | None, identifier: str, code: str
) -> letters.Letter:
    """SECURITY: two letters are composed for everybody and one is used. Which one it is takes no
    other time than the other."""
    # The address that was typed found the person, so it is confirmed.
    to = address_or_blank(identifier) or (user.email if user else settings.DEFAULT_FROM_EMAIL)
    language = translation.get_language() or settings.LANGUAGE_CODE
    reader = user or User(username="nobody", email=to, language=language)
    with_code = letters.sign_in_code(
        **letters.reader(reader, to=to),
        code=code,
        minutes=settings.POLICY_CODE_MINUTES,
        purpose="sign_in",
        happened=Happening.of(request, user=reader),
    )
    if user is not None and not user.is_active:
        return letters.switched_off(**letters.reader(user))
    plain = letters.no_account(to=to, language=reader.language)
    return with_code if user else plain


def prove(request: HttpRequest, identifier: str, code: str) -> User | None:
    """The person whose name this is and whose code was typed, or None. A try is taken at the account
    before anything is compared, in the limits of passwords, so that neither more codes nor more
    browsers mean more guesses. Raises TooManyTries.

    The gates of a sign-in are asked after a right code; it is used up then, whatever they say.
    """
    user = find_user_once(request, identifier)
    account = buckets.account_bucket(request, {"username": identifier})
    refused = None
    with tries.guess(request, user, account) as guess:
        right = sent_codes.match(request, user, PURPOSE, sent_codes.EMAIL, code)
        if right and user is not None:
            facts = tries.facts_met(request, user)
            refused = next(gates.closed(gates.after_code(), facts), None)
        guess.right = right and refused is None
    if guess.right:
        return user
    reason = "refused" if refused else "wrong_code" if user else "unknown_account"
    trail.record(
        Event.SIGN_IN_FAILED, subject=user, request=request, label=identifier, reason=reason
    )
    sign_in_letters.tell_of_failures(request, user, account)
    return None
