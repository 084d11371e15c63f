"""Hashes: exactly what was typed, told apart by kind, and closed to everybody when in doubt."""

from __future__ import annotations

import re

import pytest
from argon2.low_level import Type, hash_secret
from django.contrib.auth import hashers as django_hashers
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.core.exceptions import ImproperlyConfigured

from accounts.passwords import peppers, slots, verdict
from accounts.passwords.hashers import (
    MOST_MEMORY_KIB,
    Argon2Hasher,
    OldArgon2Hasher,
    as_typed,
)

PASSWORD = "a kettle of quiet violets"
ONE, TWO = (
    "one:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA",
    "two:DpkeN1Dqgy-fqSFMeO4GOYi8bCovp6J0dqnaCYHHK1s",
)
TYPED = {
    "70,000 characters": "x" * 70_000,
    "NUL": "a kettle\0of quiet violets",
    "a lone surrogate": "a kettle \ud800 of violets",
    "right to left": "\u202ea kettle of violets\u202c",
    "full width": "ａ ｋｅｔｔｌｅ ｏｆ ｖｉｏｌｅｔｓ",
    "nothing": "",
    "spaces around": "  a kettle of violets  ",
}
# What is hashed must differ from each of these in no more than one character.
NEARLY = {
    "70,000 characters": "x" * 69_999,
    "NUL": "a kettle",
    "a lone surrogate": "a kettle ? of violets",
    "right to left": "a kettle of violets",
    "full width": "a kettle of violets",
    "nothing": " ",
    "spaces around": "a kettle of violets",
}


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.POLICY_ARGON2_MEMORY_KIB, settings.POLICY_ARGON2_PASSES = 1024, 1


@pytest.fixture
def foreign_hashes() -> dict[str, str]:
    """PASSWORD as Django itself would have kept it, with less work than Django takes today."""
    made = {
        "argon2": django_hashers.Argon2PasswordHasher(),
        "pbkdf2_sha256": django_hashers.PBKDF2PasswordHasher(),
        "pbkdf2_sha1": django_hashers.PBKDF2SHA1PasswordHasher(),
        "scrypt": django_hashers.ScryptPasswordHasher(),
        "bcrypt_sha256": django_hashers.BCryptSHA256PasswordHasher(),
        "bcrypt": django_hashers.BCryptPasswordHasher(),
    }
    for hasher in made.values():
        hasher.iterations, hasher.rounds = 1000, 4
        hasher.memory_cost = 1024
    return {name: hasher.encode(PASSWORD, hasher.salt()) for name, hasher in made.items()}


def test_a_new_hash_is_argon2id_with_the_policys_parameters(settings):
    settings.PASSWORD_PEPPERS = ""
    settings.POLICY_ARGON2_MEMORY_KIB, settings.POLICY_ARGON2_PASSES = 19456, 2
    encoded = make_password(PASSWORD)
    assert re.fullmatch(r"argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}", encoded)
    assert encoded != make_password(PASSWORD)


@pytest.mark.parametrize("what", TYPED)
def test_a_password_is_taken_exactly_as_typed(what):
    encoded = make_password(TYPED[what])
    assert check_password(TYPED[what], encoded)
    assert not check_password(NEARLY[what], encoded)


def test_a_hash_fits_its_column_with_the_longest_pepper_id(settings):
    settings.PASSWORD_PEPPERS = "i" * 32 + ONE[3:]
    settings.POLICY_ARGON2_MEMORY_KIB = 262144
    assert len(Argon2Hasher().nobody()) <= 255


# --- Peppers --------------------------------------------------------------------------------------


def test_with_a_pepper_the_table_alone_is_not_enough_to_guess(settings):
    settings.PASSWORD_PEPPERS = ONE
    encoded = make_password(PASSWORD)
    assert ",keyid=one$" in encoded
    assert check_password(PASSWORD, encoded)
    # The same salt and hash, read as if there were no pepper.
    assert not check_password(PASSWORD, encoded.replace(",keyid=one", ""))
    settings.PASSWORD_PEPPERS = "one:DpkeN1Dqgy-fqSFMeO4GOYi8bCovp6J0dqnaCYHHK1s"
    assert not check_password(PASSWORD, encoded)


def test_peppers_rotate_without_resets(settings):
    settings.PASSWORD_PEPPERS = ""
    bare = make_password(PASSWORD)
    settings.PASSWORD_PEPPERS = ONE
    old = make_password(PASSWORD)
    settings.PASSWORD_PEPPERS = f"{TWO},{ONE}"
    new = make_password(PASSWORD)
    assert [verdict.of(PASSWORD, each) for each in (bare, old, new)] == [
        verdict.Verdict(right=True, stale=True),
        verdict.Verdict(right=True, stale=True),
        verdict.Verdict(right=True, stale=False),
    ]


def test_a_lost_pepper_opens_to_nobody_at_the_usual_price(settings):
    settings.PASSWORD_PEPPERS = ONE
    encoded = make_password(PASSWORD)
    settings.PASSWORD_PEPPERS = TWO
    before = slots.made()
    assert not check_password(PASSWORD, encoded)
    assert slots.made() - before == 1


def test_no_summary_shows_a_pepper_or_a_hash(settings):
    settings.PASSWORD_PEPPERS = ONE
    encoded = make_password(PASSWORD)
    shown = str(Argon2Hasher().safe_summary(encoded))
    assert ONE.partition(":")[2] not in shown
    assert encoded.rpartition("$")[2] not in shown
    assert "'pepper': 'one'" in shown


@pytest.mark.parametrize(
    "wrong", ["one", "one:c2hvcnQ", "a-b" + ONE[3:], "i" * 33 + ONE[3:], f"{ONE},{ONE}", ","]
)
def test_a_ring_that_cannot_be_used_names_its_setting_and_no_key(settings, wrong):
    settings.PASSWORD_PEPPERS = wrong
    with pytest.raises(ImproperlyConfigured, match="PASSWORD_PEPPERS") as refused:
        peppers.ring()
    assert ONE.partition(":")[2] not in str(refused.value)


# --- Older hashes ---------------------------------------------------------------------------------


def test_hashes_from_elsewhere_open_and_are_to_be_replaced(foreign_hashes):
    for name, encoded in foreign_hashes.items():
        assert encoded.startswith(f"{name}$")
        assert verdict.of(PASSWORD, encoded) == verdict.Verdict(right=True, stale=True), name
        assert not verdict.of(PASSWORD + "!", encoded).right, name


def test_older_parameters_of_ours_are_to_be_replaced(settings):
    settings.POLICY_ARGON2_MEMORY_KIB = 12288
    encoded = make_password(PASSWORD)
    assert not verdict.is_stale(encoded)
    settings.POLICY_ARGON2_MEMORY_KIB = 19456
    assert verdict.of(PASSWORD, encoded) == verdict.Verdict(right=True, stale=True)


@pytest.mark.parametrize("variety", ["argon2i", "argon2d", "argon2id"])
def test_every_variety_and_version_of_argon2_is_read(variety):
    kind = {"argon2i": Type.I, "argon2d": Type.D, "argon2id": Type.ID}[variety]
    for version in (0x10, 0x13):
        raw = hash_secret(PASSWORD.encode(), b"saltsaltsalt", 2, 256, 4, 16, kind, version)
        encoded = "argon2" + raw.decode()
        assert encoded.startswith(f"argon2${variety}$")
        assert verdict.of(PASSWORD, encoded).right
        assert not verdict.of(PASSWORD + " ", encoded).right


def test_a_long_password_from_bcrypts_time_still_opens():
    """bcrypt never saw more than 72 bytes; today's library refuses them instead."""
    long = PASSWORD * 4
    hasher = django_hashers.BCryptPasswordHasher()
    hasher.rounds = 4
    encoded = hasher.encode(long[:72], hasher.salt())
    assert verdict.of(long, encoded) == verdict.Verdict(right=True, stale=True)


def test_reading_an_old_hash_never_makes_an_old_one():
    with pytest.raises(NotImplementedError):
        OldArgon2Hasher().encode(PASSWORD, "saltsalt")


# --- What cannot be read --------------------------------------------------------------------------


def test_a_cut_hash_opens_to_nobody_and_costs_one(foreign_hashes):
    whole = [make_password(PASSWORD), *foreign_hashes.values()]
    for encoded in whole:
        for end in range(0, len(encoded), 9):
            before = slots.made()
            assert not verdict.of(PASSWORD, encoded[:end]).right, encoded[:end]
            assert slots.made() - before == 1, encoded[:end]


@pytest.mark.parametrize(
    "mangled",
    [
        "",
        "!",
        "!disabled",
        "gibberish",
        "argon2id$",
        "md5$salt$d41d8cd98f00b204e9800998ecf8427e",
        "argon2id$v=19$m=999999999,t=2,p=1$c2l4dGVlbiBieXRlcyBvZg$" + "A" * 43,
        "argon2id$v=19$m=19456,t=99,p=1$c2l4dGVlbiBieXRlcyBvZg$" + "A" * 43,
        "argon2id$v=19$m=4,t=1,p=1$c2l4dGVlbiBieXRlcyBvZg$" + "A" * 43,
        "argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvZg$" + "A" * 43 + "\n",
        "argon2$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$" + "A" * 22,
        "argon2$argon2id$v=19$m=1024,t=2,p=99$c2FsdHNhbHQ$" + "A" * 22,
        "scrypt$1073741824$salt$8$1$AAAA",
        "pbkdf2_sha256$x$salt$AAAA",
        "bcrypt$$2b$04$short",
        "bcrypt_sha256$$2b$99$" + "a" * 53,
    ],
)
def test_a_mangled_hash_opens_to_nobody_costs_one_and_raises_nothing(mangled):
    for typed in (PASSWORD, "", "\ud800", "nul\0"):
        before = slots.made()
        assert not verdict.of(typed, mangled).right
        assert slots.made() - before == 1
    assert not check_password(PASSWORD, mangled)


def test_a_hash_that_wants_more_memory_than_any_policy_is_not_believed():
    """Right in itself, but whoever could write it into the table could take the machine's memory."""
    memory = MOST_MEMORY_KIB + 8
    raw = hash_secret(PASSWORD.encode(), b"sixteen bytes of", 1, memory, 1, 32, Type.ID).decode()
    settings_and_salt, _, hashed = raw.removeprefix("$argon2id").rpartition("$")
    for encoded in (f"argon2id{settings_and_salt}${hashed}", f"argon2{raw}"):
        assert identify_hasher(encoded).algorithm == encoded.partition("$")[0]
        assert not verdict.of(PASSWORD, encoded).right


def test_hostile_text_against_older_hashes_is_wrong_not_an_error(foreign_hashes):
    for encoded in foreign_hashes.values():
        for typed in TYPED.values():
            before = slots.made()
            assert not verdict.of(typed, encoded).right
            assert slots.made() - before == 1


def test_nobodys_hash_is_no_hash_of_a_password(settings):
    """It is made by chance, not from any text, and looks like everybody else's."""
    hasher = Argon2Hasher()
    assert not hasher.must_update(hasher.nobody())
    assert (
        identify_hasher(hasher.nobody()).algorithm == identify_hasher(make_password("x")).algorithm
    )
    assert len(hasher.nobody()) == len(make_password(PASSWORD))


def test_bytes_pass_as_they_are():
    assert as_typed(b"\xff") == b"\xff"
