"""The set of breached passwords: found on disk, whatever lies there, and never in anybody's way."""

from __future__ import annotations

import logging
import os
import random
import re

import pytest
from django.core.exceptions import ValidationError

from accounts.passwords import breached, breached_load, policy
from accounts.passwords.breached import HEADER_BYTES, BreachedFile, Unusable
from accounts.passwords.breached_sources import source_at
from tests.support import breaches

KNOWN = "eleven copper weathercocks"
OTHER = "seven silver candlesticks"
SENTENCE = "This password is known from a data breach elsewhere. Choose a different one."
MANY = [f"password number {number}" for number in range(5000)]


@pytest.fixture
def known(settings, tmp_path):
    return breaches.breach(settings, tmp_path, KNOWN, *MANY)


def test_what_is_known_from_a_breach_is_not_chosen(known):
    with pytest.raises(ValidationError) as refused:
        policy.check(KNOWN)
    assert refused.value.messages == [SENTENCE]
    policy.check(OTHER)


def test_one_sentence_is_enough_for_what_is_widely_used_as_well(settings, tmp_path):
    breaches.breach(settings, tmp_path, "stairwaytoheaven", "x" * 70_000)
    with pytest.raises(ValidationError) as refused:
        policy.check("stairwaytoheaven")
    assert len(refused.value.messages) == 1
    with pytest.raises(ValidationError, match="Must be 128 characters or fewer"):
        policy.check("x" * 70_000)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["sign-up", "reset", "change"])
def test_every_page_that_sets_a_password_says_so(client, alice, known, mailbox, page):
    from tests.support import cast
    from tests.support.pages import errors_of

    new = {"password1": KNOWN, "password2": KNOWN}
    if page == "sign-up":
        answer = client.post("/accounts/signup/", {"email": "sam@example.org"} | new)
    elif page == "reset":
        client.post("/accounts/password/reset/", {"login": "alice"})
        answer = client.post(client.get(mailbox.latest().link)["Location"], new)
    else:
        client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
        new |= {"oldpassword": cast.PASSWORD}
        answer = client.post("/accounts/password/change/", new)
    assert SENTENCE in errors_of(answer)


@pytest.mark.django_db
def test_the_command_that_makes_an_administrator_says_so(known, monkeypatch):
    from django.core.management import CommandError, call_command

    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "ada@example.org")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", KNOWN)
    with pytest.raises(CommandError, match=re.escape(SENTENCE)):
        call_command("createsuperuser", "--noinput")


# --- Looking up -----------------------------------------------------------------------------------


def test_each_entry_is_found_and_nothing_else(known):
    file = BreachedFile(known)
    assert file.header.entries == 5001
    assert all(password in file for password in [KNOWN, *MANY])
    assert not any(f"{password}!" in file for password in MANY)
    file.verify()


@pytest.mark.parametrize("size", [1, 2, 3, 511, 512, 513, 1025])
def test_files_of_every_size_are_searched_to_their_edges(settings, tmp_path, size):
    file = BreachedFile(breaches.breach(settings, tmp_path, *MANY[:size]))
    assert [password in file for password in MANY] == [True] * size + [False] * (5000 - size)


def test_a_look_up_reads_little_whatever_the_file_is_like(tmp_path, monkeypatch):
    """Evenly spread, as digests are, two or three reads; crowded at one end, a few dozen."""
    chance = random.Random(7)
    reads: list[int] = []
    really = os.pread
    monkeypatch.setattr(os, "pread", lambda *args: reads.append(args[1]) or really(*args))
    for crowded, most in ((False, 4), (True, 40)):
        bits = 32 if crowded else 64
        keys = sorted({chance.getrandbits(bits) for _ in range(200_000)} | {2**64 - 1, 0})
        entries = breached.unpacked(b"".join(key.to_bytes(8, "big") for key in keys))
        path = tmp_path / f"{bits}.bin"
        head = breached.Header(1, len(entries), 0, 0, 0)
        path.write_bytes(head.packed() + breached.packed(entries))
        file = BreachedFile(path)
        for key in [0, 2**64 - 1, *chance.sample(keys, 200)]:
            reads.clear()
            assert file.holds(key)
            assert not file.holds(key ^ 1) or (key ^ 1) in keys
            assert len(reads) <= 2 * most and max(reads) <= 4096


def test_any_text_can_be_looked_up(known):
    for text in ("", "\0", "\ud800", "ｆｕｌｌ", "x" * 1_000_000):
        assert not breached.is_breached(text)


def test_a_file_that_takes_its_place_is_picked_up(settings, tmp_path, known):
    assert breached.is_breached(KNOWN) and not breached.is_breached(OTHER)
    breaches.breach(settings, tmp_path, OTHER)
    assert breached.is_breached(OTHER) and not breached.is_breached(KNOWN)


def test_a_file_that_was_replaced_is_let_go(settings, tmp_path, known):
    breached.is_breached(KNOWN)
    for _ in range(20):
        breaches.breach(settings, tmp_path, OTHER)
        breached.is_breached(OTHER)
    links = [f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd")]
    opened = [os.readlink(link) for link in links if os.path.exists(link) or os.path.islink(link)]
    assert sum("breached.bin" in name for name in opened) <= 1


# --- Files that cannot be used --------------------------------------------------------------------


def cut(path):
    os.truncate(path, path.stat().st_size - 3)


def cut_to_its_head(path):
    os.truncate(path, HEADER_BYTES)


def cut_in_its_head(path):
    os.truncate(path, 10)


def emptied(path):
    os.truncate(path, 0)


def made_longer(path):
    path.write_bytes(path.read_bytes() + b"12345678")


def of_another_kind(path):
    path.write_bytes(b"PK\x03\x04" * 100)


def of_another_version(path):
    raw = bytearray(path.read_bytes())
    raw[9] = 9
    path.write_bytes(raw)


def a_folder(path):
    path.unlink()
    path.mkdir()


def gone(path):
    path.unlink()


BROKEN = [
    cut, cut_to_its_head, cut_in_its_head, emptied, made_longer, of_another_kind,
    of_another_version, a_folder, gone,
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.__name__)
def test_a_broken_file_is_told_and_keeps_nobody_out(client, alice, known, broken, caplog):
    from authsite.rules import deploy_checks
    from tests.support import cast

    breached.is_breached(KNOWN)
    broken(known)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            policy.check(KNOWN)
    told = [one for one in caplog.records if "breached set" in one.getMessage()]
    assert len(told) == 1 and str(known) not in told[0].getMessage()
    assert "authsite.W008" in [one.id for one in deploy_checks()]
    answer = client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert answer["Location"] == "/accounts/"


def test_a_file_cut_while_it_is_in_use_is_told_and_nothing_falls(known, caplog):
    file = breached.in_use().file
    os.truncate(known, HEADER_BYTES + 8)
    with pytest.raises(Unusable):
        [password in file for password in MANY]
    assert not breached.is_breached(KNOWN)


def test_entries_that_were_changed_are_found_by_reading_all(known):
    raw = bytearray(known.read_bytes())
    raw[-1] ^= 1
    known.write_bytes(raw)
    with pytest.raises(Unusable, match="not those that were written"):
        BreachedFile(known).verify()
    raw[HEADER_BYTES : HEADER_BYTES + 8] = b"\xff" * 8
    known.write_bytes(raw)
    with pytest.raises(Unusable, match="out of order"):
        BreachedFile(known).verify()
    assert BreachedFile(known).holds(0) is False  # and a search comes to an end


@pytest.fixture
def unnamed(settings, tmp_path):
    """Where a file is looked for that nobody named; there is none."""
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    path = settings.VAR_DIR / "breached.bin"
    settings.BREACHED_PASSWORDS_FILE = str(path)
    return path


def test_without_a_file_that_anybody_named_there_is_nothing_to_tell(
    known, unnamed, caplog, settings
):
    from authsite.rules import deploy_checks

    # Whatever other file this process has had in use.
    settings.BREACHED_PASSWORDS_FILE = str(known)
    assert breached.is_breached(KNOWN)
    settings.BREACHED_PASSWORDS_FILE = str(unnamed)
    assert not breached.is_breached(KNOWN)
    assert not caplog.records
    assert "authsite.W008" not in [one.id for one in deploy_checks()]


def test_a_file_that_nobody_named_and_is_gone_is_told(settings, unnamed, caplog):
    from authsite.rules import deploy_checks

    breaches.breach(settings, unnamed.parent, KNOWN)
    assert breached.is_breached(KNOWN)
    unnamed.unlink()
    assert not breached.is_breached(KNOWN)
    assert [one.getMessage() for one in caplog.records if "is not there" in one.getMessage()]
    assert "authsite.W008" in [one.id for one in deploy_checks()]


def test_a_file_that_somebody_named_and_is_not_there_is_told(settings, tmp_path):
    from authsite.rules import deploy_checks

    settings.BREACHED_PASSWORDS_FILE = str(tmp_path / "nowhere.bin")
    assert "authsite.W008" in [one.id for one in deploy_checks()]
    assert not breached.is_breached(KNOWN)


def test_a_load_is_seen_by_what_it_says_of_itself(tmp_path):
    source = breaches.write(tmp_path / "pwned.txt", [KNOWN, OTHER])
    os.utime(source, (0, 86_400 * 365))
    tally = breached_load.load(source_at(source), tmp_path / "out.bin", least=3)
    header = BreachedFile(tmp_path / "out.bin").header
    assert (header.entries, header.least, tally.entries) == (2, 3, 2)
    assert breached.day(header.source_at) == "1971-01-01"
