"""What accounts/passwords/argon2id.py relies on inside argon2-cffi: the context, and whose memory
is used. Its structure "can and will change with any release", says the library."""

from __future__ import annotations

import mmap
import os

import pytest
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from accounts.passwords import argon2id

SALT = b"sixteen bytes of"


@pytest.mark.parametrize(
    ("memory", "passes", "lanes", "kind", "length"),
    [
        (19456, 2, 1, Type.ID, 32),
        (1024, 1, 1, Type.ID, 32),
        (64, 3, 8, Type.I, 16),
        (512, 2, 2, Type.D, 64),
    ],
)
@pytest.mark.parametrize("secret", [b"", b"a kettle of quiet violets", b"nul\0nul", b"x" * 70_000])
def test_our_memory_gives_the_librarys_own_result(secret, memory, passes, lanes, kind, length):
    ours = argon2id.raw(
        secret,
        SALT,
        memory_kib=memory,
        passes=passes,
        lanes=lanes,
        kind=kind,
        length=length,
    )
    assert ours == hash_secret_raw(secret, SALT, passes, memory, lanes, length, kind)


def test_parameters_it_does_not_take_raise():
    with pytest.raises(HashingError):
        argon2id.raw(b"secret", b"short", memory_kib=1024, passes=1)


def test_nothing_of_a_password_stays_in_the_block(settings):
    settings.POLICY_ARGON2_MEMORY_KIB = 1024
    argon2id.raw(b"a kettle of quiet violets", SALT, memory_kib=1024, passes=1)
    [block] = argon2id._blocks.ready
    assert block[:] == bytes(1024 * 1024)


def test_two_processes_never_share_a_block(settings):
    """A shared mapping would let one worker's hash run through another's: the child's write must
    not be seen here."""
    with argon2id._blocks.one(mmap.PAGESIZE) as block:
        child = os.fork()
        if child == 0:
            block[0] = 1
            os._exit(0)
        os.waitpid(child, 0)
        assert block[0] == 0
