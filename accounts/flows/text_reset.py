"""Choosing a new password by a texted code. Off unless POLICY_RESET_BY_TEXT: whoever has the number
gets as far as by the mailbox, though never past a second step.

Names that nobody has, people without a phone and people with one look alike, and cost alike. Staff are
people without one: their way back is the letter.
"""

from __future__ import annotations

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from accounts.errors import TooManyTries
from accounts.flows import phone, sent_codes, texted
from accounts.flows.password_reset import BY_TEXT, IN_SESSION, KEY, ResetTokens
from accounts.identify import find_user_once
from accounts.lockout import buckets, budgets, recipients, tries
from accounts.models import Phone, User
from accounts.models.phone import row_of
from accounts.sessions import guard
from accounts.texts import allowance, senders
from audit import trail
from audit.events import Event

PURPOSE = "reset"
# Stands for the number of whoever has none: it is composed for, and never sent to.
NOBODYS = "+447400000000"


def is_offered() -> bool:
    return settings.POLICY_RESET_BY_TEXT and senders.available()


def ask(request: HttpRequest, identifier: str, *, by_person: bool = True) -> None:
    """Queue a code for the phone of whoever this names, if there is one.

    The answer is the same for all, and so is the work. Over a limit of the person, the number, the
    country or the site none is sent and nothing is said, nor if it was not asked for `by_person`.
    Raises TooManyTries per network, and for the pause between two codes.
    """
    network = buckets.network_bucket(request)
    budgets.spend(budgets.RESETS, network)
    try:
        sent_codes.pause(request, PURPOSE, buckets.spelling(identifier))
    except TooManyTries:
        budgets.give_back(budgets.RESETS, network)
        raise
    user = find_user_once(request, identifier)
    number = _number_of(user)
    whose, by = recipients.lane(request, user, recipients.of(user, identifier))
    wanted = allowance.allow_quietly(
        request, number or NOBODYS, whose=whose, by=by, wanted=bool(number) and by_person
    )
    code = sent_codes.make(sent_codes.TEXT)
    language = translation.get_language() or settings.LANGUAGE_CODE
    text = texted.compose(
        number or NOBODYS,
        code,
        language=user.language if user else language,
        subject_id=user.subject_id if user else "",
    )
    with transaction.atomic():
        sent_codes.keep(request, user, PURPOSE, sent_codes.TEXT, code, wanted=wanted)
        text.put(wanted=wanted)
        event = Event.PASSWORD_RESET_REQUESTED if by_person else Event.PASSWORD_RESET_TRAPPED
        trail.record(event, subject=user, request=request, label=identifier, by="text")


def _number_of(user: User | None) -> str:
    """The number that codes of this person go to, or ''. One SELECT, and one number opened, whoever it
    is."""
    nobodys = row_of(0, NOBODYS)
    row = Phone.objects.filter(user_id=user.pk if user else 0).first()
    number = phone.opened(row or nobodys)
    return number if user is not None and row is not None and _may(user) else ""


def _may(user: User) -> bool:
    return user.is_active and user.held_since is None and not user.is_staff


def prove(request: HttpRequest, identifier: str, typed: str) -> User | None:
    """The person whose name this is and whose code was typed, or None. A try is taken at the account
    before anything is compared, in the limits of passwords. Raises TooManyTries."""
    user = find_user_once(request, identifier)
    account = buckets.account_bucket(request, {"username": identifier})
    with tries.guess(request, user, account) as guess:
        right = sent_codes.match(request, user, PURPOSE, sent_codes.TEXT, typed)
        guess.right = right and user is not None and _may(user)
    if guess.right:
        return user
    trail.record(Event.RESET_CODE_FAILED, subject=user, request=request, label=identifier)
    return None


def begin(request: HttpRequest, user: User) -> str:
    """Where `user`, who proved themselves by a code, chooses the password: what a mailed link leads to,
    from here on the same. Under a new key of the session, as there."""
    token = ResetTokens().make_token(user)
    guard.cycle(request)
    request.session[KEY] = request.session[BY_TEXT] = token
    place = {"uidb36": user_pk_to_url_str(user), "key": IN_SESSION}
    return reverse("account_reset_password_from_key", kwargs=place)
