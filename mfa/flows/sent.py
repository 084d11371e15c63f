"""Codes that are sent: as a second step, to set one up, and to the mailbox of somebody who has nothing
else to prove themselves by. Sent by POST only; each is good in the browser that asked for it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, Final, Literal

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows import phone, sent_codes, texted
from accounts.flows.sent_codes import EMAIL, TEXT
from accounts.lockout import budgets, recipients, tries
from accounts.models import User
from accounts.outbox import letters as mail
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof, record
from accounts.texts import numbers
from audit import sealing, trail
from audit.events import Event
from mfa import factors, letters, policy
from mfa.devices import guesses
from mfa.devices.guesses import NOTHING_FAILED
from mfa.devices.sent_codes import row_of
from mfa.factors import Factors
from mfa.flows import changes, second_step
from mfa.flows.second_step import Answer
from mfa.models import MailedCode, TextedCode

Way = Literal["mailed_code", "texted_code"]
logger = logging.getLogger(__name__)
SECOND_STEP: Final = "second_step"
CONFIRM: Final = "confirm"
SET_UP: Final = "set_up"
CHANNELS = {"mailed_code": EMAIL, "texted_code": TEXT}
DEVICES: dict[str, type[MailedCode] | type[TextedCode]] = {
    "mailed_code": MailedCode,
    "texted_code": TextedCode,
}
# The budgets that only say that a minute has not passed.
PAUSES = texted.PAUSES
# The number that is being set up, in the session, which rests sealed.
NUMBER = "mfa_number"


def send(request: HttpRequest, user: User, way: Way) -> None:
    """A code for the second step, to where this person has them sent. Raises TooManyTries within a
    minute of the last, and when a budget is spent; LookupError if they do not use this way."""
    if way not in policy.kinds_for(user):
        raise LookupError
    if way == "mailed_code":
        if not MailedCode.objects.filter(user=user, confirmed=True).exists():
            raise LookupError
        _mail(request, user, SECOND_STEP)
        return
    held = TextedCode.objects.filter(user=user, confirmed=True).first()
    if held is None:
        raise LookupError
    texted.send(request, user, _opened(held), SECOND_STEP, is_proved=True)


def _opened(held: TextedCode) -> str:
    """Raises LookupError for a number that does not open: it is no way then, and the log says why."""
    try:
        return held.opened_number
    except sealing.SealBroken as error:
        logger.error("The number of person %s does not open.", held.user_id)
        raise LookupError from error


def send_to_mailbox(request: OwnRequest) -> None:
    """A code for somebody signed in who has nothing else to prove themselves by; the caller has seen
    that they have nothing. Raises TooManyTries."""
    _mail(request, request.user, CONFIRM)


def _mail(request: HttpRequest, user: User, purpose: Literal["second_step", "confirm"]) -> None:
    sent_codes.pause(request, purpose, f"user:{user.pk}")
    _count_letter(request, user, purpose)
    code = sent_codes.make(EMAIL)
    letter = mail.sign_in_code(
        code=code,
        minutes=settings.POLICY_CODE_MINUTES,
        happened=mail.Happening.of(request, user=user),
        purpose=purpose,
        **mail.reader(user),
    )
    with transaction.atomic():
        sent_codes.keep(request, user, purpose, EMAIL, code)
        letter.put()
        trail.record(
            Event.CODE_SENT, subject=user, request=request, channel="email", purpose=purpose
        )


def _count_letter(request: HttpRequest, user: User, purpose: str) -> None:
    """Raises TooManyTries. Known devices have a count of their own, and one network gets half of the
    others': whoever has the password leaves the owner theirs."""
    whose, by = recipients.lane(request, user, recipients.of(user, user.email))
    budgets.spend_share(sent_codes.letters_of(purpose), whose, by=by)


def by_sent_code(
    request: HttpRequest, user: User, typed: str, *, attempt: str, way: str, method: Way
) -> Answer:
    """Compare `typed` with the codes that were sent to this browser; a right one uses all up. Raises
    TooManyTries, LookupError."""
    if method not in policy.kinds_for(user):
        raise LookupError
    guess = guesses.take(
        DEVICES[method], user.pk, known=second_step.is_known(request, user), columns=("id",)
    )
    if sent_codes.match(request, user, SECOND_STEP, CHANNELS[method], typed):
        rows = DEVICES[method].objects.filter(pk=guess.pk)
        rows.update(last_used_at=timezone.now(), **NOTHING_FAILED)
        return Answer(right=True)
    over = second_step.failed(request, user, guess, method, attempt=attempt, way=way)
    late = sent_codes.has_run_out(request, user, SECOND_STEP, CHANNELS[method], typed)
    return Answer(right=False, has_run_out=late, is_over=over)


def by_mailbox(request: OwnRequest, typed: str) -> bool:
    """Whether the code that `send_to_mailbox` sent was typed: a try at the account like any other.
    Raises TooManyTries."""
    with tries.guess(request, request.user) as guess:
        guess.right = sent_codes.match(request, request.user, CONFIRM, EMAIL, typed)
    if not guess.right:
        trail.record(
            Event.REAUTHENTICATION_FAILED,
            actor=request.user,
            subject=request.user,
            request=request,
            method="mailbox",
        )
    return guess.right


# --- Setting them up ------------------------------------------------------------------------------


def begin_number(request: OwnRequest, number: str) -> None:
    """Text a code to the number (E.164) that codes are to go to. Raises ReauthenticationRequired,
    TooManyTries, NumberNotServed."""
    demand_fresh_proof(request)
    texted.send(request, request.user, number, _set_up(number))
    request.session[NUMBER] = number


def _set_up(number: str) -> str:
    return texted.bound_to(SET_UP, number)


def number_begun(request: OwnRequest) -> str:
    """The number that waits for its code, or ''."""
    return str(request.session.get(NUMBER, ""))


def begin_mailbox(request: OwnRequest) -> None:
    """Mail a code to the main address. Raises ReauthenticationRequired, TooManyTries."""
    demand_fresh_proof(request)
    _mail(request, request.user, CONFIRM)


def offered_number(user: User) -> str:
    """The number of the person's account, which they proved there: it need not be proved again here.
    '' for none, and where no texts go any more."""
    number = phone.number_of(user)
    return number if number and numbers.is_served(numbers.country_of(number)) else ""


def turn_on_phone(request: OwnRequest) -> bool:
    """Text codes to the account's own number from now on; False if it has none. The factor keeps the
    number: it goes on where the account's is changed or removed. Raises what `turn_on` does, but no
    TooManyTries."""
    demand_fresh_proof(request)
    before = _before(request.user, "texted_code")
    number = offered_number(request.user)
    if number:
        _keep(request, "texted_code", before, row_of(request.user, number))
    return bool(number)


def turn_on(request: OwnRequest, way: Way, typed: str) -> bool:
    """Use this way from now on, if `typed` is the code that was sent there. Raises
    ReauthenticationRequired, TooManyTries, SessionEnded, CredentialsMoved."""
    user = request.user
    demand_fresh_proof(request)
    before = _before(user, way)
    number = number_begun(request)
    purpose = CONFIRM if way == "mailed_code" else _set_up(number)
    with tries.guess(request, user) as guess:
        guess.right = sent_codes.match(request, user, purpose, CHANNELS[way], typed)
    if not guess.right:
        trail.record(
            Event.REAUTHENTICATION_FAILED, actor=user, subject=user, request=request, method=way
        )
        return False
    made: MailedCode | TextedCode
    made = MailedCode(user=user, name="email") if way == "mailed_code" else row_of(user, number)
    record(request, user, way)
    _keep(request, way, before, made)
    return True


def _before(user: User, way: Way) -> Factors:
    """What the person has, without this way. Raises CredentialsMoved."""
    before = factors.of(user)
    if way not in policy.kinds_for(user) or getattr(before, FIELD[way]) is not None:
        raise CredentialsMoved
    return before


def _keep(request: OwnRequest, way: Way, before: Factors, made: MailedCode | TextedCode) -> None:
    changes.make(
        request,
        Event.FACTOR_ADDED,
        lambda user: made.save(force_insert=True),
        after=_with(before, way, made),
        tell=letters.factor_changed,
        about={"factor": way, "added": True},
        factor=way,
    )
    request.session.pop(NUMBER, None)


def _with(held: Factors, way: Way, device: Any) -> Factors:
    return replace(held, mailed=device) if way == "mailed_code" else replace(held, texted=device)


FIELD = {"mailed_code": "mailed", "texted_code": "texted"}


def turn_off(request: OwnRequest, way: Way) -> bool:
    """Use this way no more; False if it was not used. Raises LastWayIn and what `changes.make` does."""
    user = request.user
    demand_fresh_proof(request)
    before = factors.of(user)
    if getattr(before, FIELD[way]) is None:
        return False
    changes.make(
        request,
        Event.FACTOR_REMOVED,
        lambda user: DEVICES[way].objects.filter(user=user).delete(),
        after=_with(before, way, None).settled(),
        before=before,
        tell=letters.factor_changed,
        about={"factor": way, "added": False},
        end_others=True,
        factor=way,
    )
    return True


def place_of(user: User, way: Way, held: Factors) -> str:
    """Where a code would go, masked."""
    if way == "mailed_code":
        return mail.masked(user.email)
    try:
        return numbers.masked(_opened(held.texted)) if held.texted else ""
    except LookupError:
        return ""
