"""Names for people who were not asked for one."""

from __future__ import annotations

import re

from accounts.flows import usernames
from accounts.validators import normalise_username, validate_username


def test_a_made_up_name_is_two_words_and_four_digits():
    for _one in range(200):
        name = usernames.make_up()
        assert re.fullmatch(r"[a-z]+-[a-z]+-\d{4}", name)
        validate_username(name)
        assert normalise_username(name) == name


def test_there_are_names_enough_for_a_million_people():
    assert len(set(usernames.FIRST)) == len(usernames.FIRST)
    assert len(set(usernames.SECOND)) == len(usernames.SECOND)
    assert len(usernames.FIRST) * len(usernames.SECOND) * 10_000 > 300_000_000


def test_names_do_not_repeat_by_chance():
    assert len({usernames.make_up() for _one in range(1000)}) > 995
