"""Which passwords may be chosen, in the exact words a person reads."""

from __future__ import annotations

import random

import pytest
from django.core.exceptions import ValidationError

from accounts.flows.usernames import FIRST, SECOND
from accounts.passwords import blocklist, pieces, policy
from accounts.passwords.blocklist import PrefixFile
from accounts.passwords.folding import fold

SHORT = "Use at least 15 characters. You have used {used}."
LONG = "Must be 128 characters or fewer"
UNTYPABLE = "The password has a character in it that cannot be used. Type it again."
CONTEXT = "Do not use your email address or the name of this site."
COMMON = "This password is too easy to guess because it is widely used. Try a few unrelated words."
WORDS = {"love", "the", "loves", "sex", "god"}
TOM = {"email": "tom.harrington@harbour.example", "username": "tomh", "name": "Tom Harrington"}


def refusals(password: str, **who: str) -> list[str]:
    try:
        policy.check(password, **(who or TOM))
    except ValidationError as error:
        return error.messages
    return []


# --- Length ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", [SHORT.format(used=0)]),
        ("violet kettle!", [SHORT.format(used=14)]),
        ("violet kettles!", []),
        ("גשר שקט על המים", []),
        ("mot de passe très long", []),
        ("😀🚀🎉🔥🌈🍕🎸🐙🦊🌵🧊🪁🥁🧩🛶", []),
        ("😀🚀🎉🔥🌈🍕🎸🐙🦊🌵🧊🪁🥁🧩", [SHORT.format(used=14)]),
        ("quiet kettles " * 9 + "ab", []),
        ("quiet kettles " * 9 + "abc", [LONG]),
        ("x" * 70_000, [LONG]),
        ("\u202ekettle of violets\u202c", []),
        ("a kettle\0of quiet violets", [UNTYPABLE]),
        ("a kettle \ud800 of violets", [UNTYPABLE]),
    ],
)
def test_length_counts_what_was_typed(password, expected):
    assert refusals(password) == expected


def test_the_bounds_are_the_policys(settings):
    settings.POLICY_PASSWORD_MIN, settings.POLICY_PASSWORD_MAX = 8, 64
    assert refusals("kettle!") == ["Use at least 8 characters. You have used 7."]
    assert refusals("violets!kettle") == []
    assert refusals("q" * 65) == ["Must be 64 characters or fewer"]


def test_no_kind_of_character_is_asked_for():
    for password in ("violets kettles tea", "483920175628394", "VIOLETS KETTLES TEA"):
        assert refusals(password) == []


# --- The person and the site ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "tom.harrington@harbour.example",
        "TOM.HARRINGTON@HARBOUR.EXAMPLE",
        "ｔｏｍ.ｈａｒｒｉｎｇｔｏｎ!!!",
        "harrington 2024 !",
        "harrington zkq vw",
        "h\u200barr\u200bington-2024",
        "h@rr1ngt0n-harrington",
        "Harrington-Northgate",
        "northgate northgate",
        "NorthgatePassword1",
        "testserver testserver",
    ],
)
def test_names_of_the_person_and_the_site_are_no_password(password):
    assert CONTEXT in refusals(password)


@pytest.mark.parametrize(
    "password",
    [
        "tom likes a kettle of quiet violets",
        "the harrington kettle sings at dawn",
        "northgate is where the otters sleep",
        "a tomtom, a tomato and a tombola",
    ],
)
def test_a_passphrase_may_hold_a_name_if_enough_is_left(password):
    assert refusals(password) == []


def test_at_sign_up_what_was_typed_beside_it_counts():
    assert refusals("harrington 2024 !", email="someone@else.example") == []
    assert refusals("harrington 2024 !", name="Jo Harrington") == [CONTEXT]
    assert refusals("harrington 2024 !", username="harrington") == [CONTEXT]


@pytest.mark.django_db
def test_a_signed_in_persons_own_facts_count(alice):
    with pytest.raises(ValidationError, match="Do not use your email address"):
        policy.check("alice-adams-2024", user=alice)


# --- Widely used ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        # Whole, from the lists.
        "1234567890123456789",
        "passwordpassword",
        "PasswordPassword",
        "pássword pàssword",
        "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ",
        "p@ssw0rdp@ssw0rd",
        "stairwaytoheaven",
        "All you need is love",
        # Of pieces.
        "iloveyou 1234567",
        "michael jackson 1987",
        "qwertyuiopasdfgh",
        "1qaz2wsx3edc4rfv",
        "aaaaaaaaaaaaaaaa",
        "!!!!!!!!!!!!!!!!",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
        "abcabcabcabcabcabc",
        "violet kettle violet kettle ",
        "dragon-dragon-dragon",
        "azertyuiop 19871987",
    ],
)
def test_what_everybody_uses_is_refused(password):
    assert refusals(password) == [COMMON]


def test_a_third_word_makes_an_easy_one_good():
    assert refusals("passwordpassword otter mittens") == [COMMON]
    assert refusals("passwordpassword otter mittens kettle") == []


def test_three_unrelated_words_always_pass():
    """The site advises them, so it must take them: 2,000 of its own words' combinations, with
    spaces, dashes, nothing and digits between."""
    chance = random.Random(2)
    words = [word for word in FIRST + SECOND if len(word) >= 5]
    for number in range(2000):
        three = chance.sample(words, 3)
        password = ("", " ", "-")[number % 3].join(three) + ("", "7", " 42")[number % 3]
        if len(password) >= 15:
            assert COMMON not in refusals(password, email="a@b.example"), password


def test_random_passwords_pass():
    chance = random.Random(3)
    for alphabet in ("abcdefghijklmnopqrstuvwxyz", "0123456789abcdef", "aB3$xZ9!qL_-7Kp"):
        for _one in range(300):
            assert refusals("".join(chance.choices(alphabet, k=16))) == []


@pytest.mark.parametrize(
    "text", ["love" * 32, "1a" * 64, "qwerty" * 21, "a" * 128, "thelovesexgod" * 9]
)
def test_the_worst_text_to_search_stays_quick(text):
    """128 characters that fall apart in every way there is: no more look-ups than places for a word
    to begin and end."""
    looked_up: list[str] = []
    pieces.is_easy(text, lambda word: bool(looked_up.append(word)) or word in WORDS)
    assert len(looked_up) <= 128 * (pieces.LONGEST_WORD - pieces.SHORTEST_WORD + 1)


def test_what_unfolds_into_thousands_of_letters_is_not_searched():
    assert len(fold("ﷺ" * 128)) > 2000
    assert refusals("ﷺ" * 128) == []
    assert not pieces.is_easy("a" * (pieces.LONGEST_TEXT + 1), WORDS.__contains__)


# --- The lists ------------------------------------------------------------------------------------


def test_the_list_holds_more_than_ten_thousand_long_ones():
    assert len(blocklist.load(blocklist.LONG)) >= 13_000
    assert len(blocklist.load(blocklist.SHORT)) == 20_000
    assert len(blocklist.load(blocklist.WORDS)) == 10_000


def test_short_ones_count_where_short_ones_are_allowed(settings):
    settings.POLICY_PASSWORD_MIN = 8
    assert refusals("trustno1") == [COMMON]


def test_no_list_holds_a_readable_password():
    for path in (blocklist.LONG, blocklist.SHORT, blocklist.WORDS):
        raw = path.read_bytes()
        assert len(raw) % 8 == 0
        assert not any(word in raw for word in (b"password", b"qwerty", b"dragon", b"123456"))


@pytest.mark.parametrize("damage", ["cut", "unsorted", "empty"])
def test_a_damaged_list_is_refused_not_believed(tmp_path, damage):
    raw = blocklist.LONG.read_bytes()
    broken = {"cut": raw[:-3], "unsorted": raw[8:16] + raw[:8], "empty": b""}[damage]
    path = tmp_path / "list.bin"
    path.write_bytes(broken)
    with pytest.raises(ValueError):
        PrefixFile(path)


def test_a_list_finds_its_first_and_last_entry_and_nothing_else(tmp_path):
    path = tmp_path / "list.bin"
    texts = [f"entry {number}" for number in range(100)]
    assert blocklist.write(path, [*texts, "entry 1"]) == 100
    made = PrefixFile(path)
    assert all(text in made for text in texts)
    assert not any(f"other {number}" in made for number in range(1000))


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("PÀSSWÖRD", "password"),
        ("ｐａｓｓ", "pass"),
        ("pa\u200bss\u202e", "pass"),
        ("٣٤٥", "345"),
        ("Straße", "strasse"),
        ("\0x", "x"),
    ],
)
def test_folding_takes_disguises_off(typed, folded):
    assert fold(typed) == folded
