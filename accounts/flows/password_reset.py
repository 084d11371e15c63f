"""Choosing a new password by letter. It never signs in, and known and unknown look alike."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.module_loading import import_string

from accounts.errors import CredentialsMoved, LinkUnusable, SecondStepMissing
from accounts.flows import credentials, passwords
from accounts.identify import find_user
from accounts.known_devices import devices
from accounts.lockout import buckets, budgets, recipients, tries
from accounts.models import User
from accounts.outbox import letters
from accounts.passwords import slots
from accounts.undo import sets
from accounts.validators import address_or_blank
from audit import trail
from audit.events import Event

# Where allauth keeps the key of the reset that is under way, in the session, and what stands for it in
# the address. Its views cannot be asked: they are made with the tokens below.
KEY, IN_SESSION = "_password_reset_key", "set-password"
# The key of the reset that a texted code began (accounts/flows/text_reset.py), by the session.
BY_TEXT = "reset_by_text"


class ResetTokens(PasswordResetTokenGenerator):
    """A token dies with any change of how the account is reached, not only of the password."""

    key_salt = "accounts.flows.password_reset.ResetTokens"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        state = (user.uuid, user.password, user.credentials_version, user.email, user.is_active)
        return f"{state}{timestamp}"


def ask(request: HttpRequest, identifier: str, *, by_person: bool = True) -> None:
    """Queue the letter that fits: a link for a person, a word for an address without account.

    The answer is the same for all, and so is the work: the same letters are composed either way. Over
    the cap none is sent and nothing is said: the links of this hour are in the mailbox, and a
    refusal would let strangers close the owner's way back. Nor is any sent if it was not asked for
    `by_person`. Raises TooManyTries per network only.
    """
    budgets.spend(budgets.RESETS, buckets.network_bucket(request))
    user = find_user(identifier)
    letter = _fitting_letter(user, identifier)
    with transaction.atomic():
        letter.put(wanted=by_person and _is_wanted(user, identifier))
        event = Event.PASSWORD_RESET_REQUESTED if by_person else Event.PASSWORD_RESET_TRAPPED
        trail.record(event, subject=user, request=request, label=identifier)


def _is_wanted(user: User | None, identifier: str) -> bool:
    """Count the letter for the mailbox it goes to, over all spellings that lead there. One
    statement, whoever it is and however often they were asked for."""
    if user is None:
        budget = budgets.UNKNOWN_LETTERS
    else:
        is_open = user.is_active and user.held_since is None
        budget = budgets.RESET_LETTERS if is_open else budgets.SWITCHED_OFF_LETTERS
    room = budgets.spend_if_room(budget, recipients.of(user, identifier))
    told = user is not None or (address_or_blank(identifier) != "" and settings.POLICY_TELL_UNKNOWN)
    return room and told


def _fitting_letter(user: User | None, identifier: str) -> letters.Letter:
    """SECURITY: two letters are composed for everybody and one is used. Which one it is takes no
    other time than the other."""
    # The address that was typed found the person, so it is confirmed.
    to = address_or_blank(identifier) or (user.email if user else settings.DEFAULT_FROM_EMAIL)
    language = translation.get_language() or settings.LANGUAGE_CODE
    nobody = User(pk=0, username="nobody", email=to, language=language, password="-")  # noqa: S106 - nobody
    link = letter_with_link(user or nobody, to)
    if user is not None and not user.is_active:
        return letters.switched_off(**letters.reader(user))
    if user is not None and user.held_since is not None:
        return letters.reset_held(**letters.reader(user))
    plain = letters.no_account(to=to, language=user.language if user else language)
    return link if user else plain


def letter_with_link(user: User, to: str, *, by_staff: bool = False) -> letters.Letter:
    """The letter that lets `user` choose a new password, for one of their confirmed addresses."""
    key = f"{user_pk_to_url_str(user)}-{ResetTokens().make_token(user)}"
    return letters.reset_password(
        **letters.reader(user, to=to),
        link=settings.SITE_URL + _key_path(key),
        minutes=settings.POLICY_RESET_LINK_MINUTES,
        username=user.username,
        by_staff=by_staff,
    )


def _key_path(key: str) -> str:
    uid, _, token = key.partition("-")
    return reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})


def lacks(request: HttpRequest, user: User) -> str:
    """Where whoever holds the link must prove something more first, '' for nowhere: what
    RESET_STAGES say, each a `stage(request, user)` of a higher room."""
    asked = (import_string(path)(request, user) for path in settings.RESET_STAGES)
    return next(filter(None, asked), "")


def is_by_text(request: HttpRequest) -> bool:
    """Whether the reset under way in this browser was begun by a texted code: then another text is no
    second proof."""
    began = request.session.get(BY_TEXT)
    return bool(began) and began == request.session.get(KEY)


def finish(request: HttpRequest, user: User, password: str, *, end_others: bool) -> None:
    """Set the new password. One of all who race with one link wins; the others get LinkUnusable.
    Raises SecondStepMissing where more than the link must be proved."""
    unusable = LinkUnusable(reverse("account_reset_password"))
    if not user.is_active:
        raise unusable
    if lacks(request, user):
        raise SecondStepMissing
    with slots.calling(tries.caller(request, user)):
        hashed = make_password(password)
    undo = sets.begin(user, "password")
    by_text = is_by_text(request)
    kind: passwords.Kind = "reset_by_text" if by_text else "reset"
    told = passwords.changed_letters(request, user, kind=kind, undo=undo)
    try:
        with transaction.atomic():
            passwords.replace(user, hashed)
            credentials.moved(
                user,
                Event.PASSWORD_RESET_FINISHED,
                request=request,
                letters=told,
                end_others=end_others,
                undo=undo,
                by="text" if by_text else None,
            )
            tries.forget_failures(user)
            devices.remember(request, user)
    except CredentialsMoved:
        raise unusable from None
