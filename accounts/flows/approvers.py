"""Who could give the second word, and what they are told (`approvals`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import translation

from accounts.backends import OneHashBackend, ask_at_once
from accounts.flows.approvals import HOURS, Wish, kinds, saying
from accounts.language import known_language
from accounts.models import User
from accounts.outbox import letters_staff
from accounts.outbox.letters import Letter, reader

# How many are told of one question: the site's administrators, and not a whole department.
MOST_TOLD = 20


def others(wish: Wish, asker: User | AnonymousUser) -> list[User]:
    """Who could give the second word, as far as they are told."""
    return of_each([wish], asker)[0]


def of_each(wishes: Sequence[Wish], asker: User | AnonymousUser) -> list[list[User]]:
    """The same of each, by as many SELECTs as there are permissions and kinds among them, however many
    colleagues there are."""
    able = {permission: _able(permission) for permission in {one.permission for one in wishes}}
    ask_at_once([one for several in able.values() for one in several])
    ask_at_once([wish.person for wish in wishes if wish.person is not None])
    say = saying(wishes)
    return [
        [one for one in able[wish.permission] if one.pk != asker.pk and say(one, wish)][:MOST_TOLD]
        for wish in wishes
    ]


def _able(permission: str) -> list[User]:
    """With two to spare: nobody is asked by themselves, nor about themselves."""
    people = OneHashBackend().with_perm(permission).filter(is_staff=True)
    return list(people.order_by("-is_superuser", "pk")[: MOST_TOLD + 2])


def telling(actor: User | AnonymousUser, wish: Wish, reason: str) -> list[Letter]:
    """The letters to them, before the transaction in which it is asked."""
    return [
        letters_staff.approval_asked(
            **reader(one),
            **in_words(wish, one.language),
            asker=str(actor),
            reason=reason,
            hours=HOURS,
            link=reverse("admin:approvals"),
        )
        for one in others(wish, actor)
    ]


def in_words(wish: Wish, language: str) -> dict[str, Any]:
    kind = kinds()[wish.act]
    with translation.override(known_language(language) or settings.LANGUAGE_CODE):
        return {
            "action": str(kind.name),
            "details": kind.said(wish),
            "about": str(wish.person or ""),
        }
