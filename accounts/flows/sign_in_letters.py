"""Whom a sign-in, or too many failed ones, is told to. No setting turns these letters off."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.functional import lazy
from django.utils.text import capfirst

from accounts.flows import notices
from accounts.known_devices import devices
from accounts.lockout import budgets, tries
from accounts.models import User
from accounts.outbox import letters, letters_sign_in
from accounts.outbox.letters import Happening, Letter
from accounts.session_words import by_what

# In the reader's language, when the letter is written.
how = lazy(lambda *methods: capfirst(by_what(methods)), str)


def of_new_device(request: HttpRequest, user: User, proved: list[dict[str, Any]]) -> list[Letter]:
    """E8, one to each confirmed address, for a complete sign-in that is about to be; none in a browser
    that is known for the person. Composed before the transaction, put inside it.

    An unlock letter makes a browser known for minutes and only to be tried from: whoever signs in by
    it is told of like a stranger. Right after a sign-up nothing was proved but the address, in the
    browser that asked for the account: that is told to nobody.
    """
    if user.last_login is None and not proved:
        return []
    device = devices.find(request, user)
    if device is not None and device.expires_at is None:
        return []
    methods = [str(one["method"]) for one in proved]
    return notices.to_all(
        user,
        letters_sign_in.new_device,
        link=settings.SITE_URL + reverse("account_devices"),
        happened=Happening.of(request, how=how(*methods), user=user),
    )


def tell_of_failures(
    request: HttpRequest, user: User | None, account: str, *, inside: bool = False
) -> None:
    """E14, where the guess just made was the last before a wait: to the main address, once a day.

    SECURITY: a name that nobody has costs the same work, a letter that is never sent; and no stranger
    fills a mailbox by guessing. Counted apart from failed second steps (mfa), whose letter says that
    somebody has the password: guesses at it must not keep that one back.
    """
    if not tries.was_last(request):
        return
    whose = user or User(
        username="nobody",
        email=settings.DEFAULT_FROM_EMAIL,
        language=translation.get_language() or settings.LANGUAGE_CODE,
    )
    letter = letters_sign_in.failed_tries(
        link=settings.SITE_URL + reverse("account_reset_password"),
        happened=Happening.of(request, user=whose),
        inside=inside,
        **letters.reader(whose) | {"subject_id": user.subject_id if user else ""},
    )
    subject = f"user:{user.pk}" if user else f"nobody {account}"
    with transaction.atomic():
        room = budgets.spend_if_room(budgets.FAILED_TRIES_LETTERS, subject)
        letter.put(wanted=room and user is not None)
