"""Whoever is told of a deed is told in their own language, whatever the page of the deed spoke."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from tests.accounts.test_trail_of_deeds import TOLD, world
from tests.support.deeds import Deed, World

__all__ = ["world"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("deed", TOLD)
def test_a_letter_about_a_deed_is_in_its_readers_language(
    world: World, settings: Any, deed: Deed
) -> None:
    settings.LANGUAGES = [("en", "English"), ("ar-xb", "Pseudo")]
    User.objects.update(language="ar-xb")
    deed.before(world)
    so_far = len(world.mailbox.every())
    deed.act(world)
    people = set(User.objects.values_list("email", flat=True))
    told = [letter for letter in world.mailbox.every()[so_far:] if letter.to in people]
    assert [one.kind for one in told if '<html lang="ar-xb"' not in one.html] == []
