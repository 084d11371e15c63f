"""Room to hash in: never more at once than the memory allows, a wait, then 503."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.errors import HashingBusy
from accounts.passwords import argon2id, legacy, slots, verdict

pytestmark = pytest.mark.usefixtures("real_hashes")

PASSWORD = "a kettle of quiet violets"


class Crowd:
    """How many stood inside at once, counted by those inside."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.now = self.most = 0

    def __enter__(self):
        with self.mutex:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_error):
        with self.mutex:
            self.now -= 1


def test_the_memory_of_the_policy_decides_how_many(settings):
    places = {}
    for memory, hash_kib in ((76, 19456), (75, 19456), (19, 47104), (512, 65536)):
        settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_ARGON2_MEMORY_KIB = memory, hash_kib
        places[memory, hash_kib] = slots.places()
    assert list(places.values()) == [4, 3, 1, 8]


def test_never_more_at_once_than_there_are_places(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 38, 30
    settings.POLICY_HASH_WAITING = 1000
    crowd, all_here = Crowd(), threading.Barrier(16)

    def attempt(_number):
        all_here.wait()
        for _again in range(20):
            with slots.slot(), crowd:
                time.sleep(0)  # hand over to the others

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(attempt, range(16)))
    assert crowd.most == 2


def test_over_the_bound_a_request_waits_and_is_then_refused(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 19, 0.05
    with ThreadPoolExecutor(1) as other, slots.slot():
        before = slots.made()
        with pytest.raises(HashingBusy) as refused:
            other.submit(make_password, PASSWORD).result()
        assert slots.made() == before
    assert (refused.value.status, refused.value.seconds) == (503, 5)


def test_a_place_that_comes_free_goes_to_who_waits(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 19, 30
    with ThreadPoolExecutor(1) as other:
        with slots.slot():
            waiting = other.submit(make_password, PASSWORD)
        assert waiting.result().startswith("argon2id$")


def test_who_gave_up_leaves_no_gap_in_the_queue(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 19, 0.02
    with ThreadPoolExecutor(8) as others:
        with slots.slot():
            refused = [others.submit(make_password, PASSWORD) for _one in range(8)]
            assert all(isinstance(one.exception(), HashingBusy) for one in refused)
        settings.POLICY_HASH_WAIT_SECONDS = 30
        assert others.submit(make_password, PASSWORD).result()
    assert (slots._room.taken, len(slots._room.strangers)) == (0, 0)


def test_a_hash_that_raises_gives_its_place_back(settings):
    settings.POLICY_HASH_MEMORY_MIB = 19
    for _again in range(3):
        with pytest.raises(RuntimeError), slots.slot():
            raise RuntimeError
    assert slots._room.taken == 0


def test_a_slot_within_a_slot_is_one_hash(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 19, 0.05
    before = slots.made()
    with slots.slot(), slots.slot():
        make_password(PASSWORD)
    assert slots.made() - before == 1


def test_an_old_hash_takes_as_many_places_as_its_memory_needs(settings):
    """Django's own Argon2 takes 100 MiB: two at once would be 200 where 114 are allowed."""
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 114, 0.05
    with slots.slot(102400), ThreadPoolExecutor(1) as other:
        with pytest.raises(HashingBusy):
            other.submit(make_password, PASSWORD).result()
        assert slots._room.taken == 6
    with slots.slot(19456), ThreadPoolExecutor(1) as other:
        assert other.submit(make_password, PASSWORD).result()


def test_a_hash_wider_than_the_room_still_gets_in(settings):
    settings.POLICY_HASH_MEMORY_MIB = 38
    with slots.slot(262144):
        assert slots._room.taken == 2


def test_a_wide_hash_is_not_starved_by_narrow_ones(settings):
    """First come, first served: under a flood the owner of a 100 MiB hash gets a turn too."""
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 38, 30
    order, flooding = [], threading.Event()

    def wide():
        with slots.slot(2 * 19456):
            order.append("wide")

    def narrow():
        with slots.slot():
            order.append("narrow")

    with ThreadPoolExecutor(3) as others:
        with slots.slot():
            first = others.submit(wide)
            while not slots._room.strangers:
                flooding.wait(0.001)
            # There is room for this one, but it came later.
            second = others.submit(narrow)
            while len(slots._room.strangers) < 2:
                flooding.wait(0.001)
        first.result()
        second.result()
    assert order == ["wide", "narrow"]


def test_scrypt_runs_inside_the_slot_of_who_asked(settings):
    """Its one thread stands outside: asking for a place of its own would wait for itself."""
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 19, 0.05
    hasher = legacy.Scrypt()
    hasher.work_factor, hasher.parallelism = 1024, 1
    before = slots.made()
    encoded = hasher.encode(PASSWORD, "salt")
    assert hasher.verify(PASSWORD, encoded)
    assert slots.made() - before == 2


def test_scrypt_is_made_by_one_thread_whoever_asks(settings):
    """OpenSSL takes its memory by malloc, and glibc keeps some for each thread that ever asked."""
    settings.POLICY_HASH_WAIT_SECONDS = 30
    hasher = legacy.Scrypt()
    hasher.work_factor, hasher.parallelism = 1024, 1
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hasher.encode, [PASSWORD] * 16, ["salt"] * 16))
    assert [thread.name for thread in threading.enumerate() if "scrypt" in thread.name] == [
        "scrypt_0"
    ]


def test_blocks_of_memory_are_used_again_and_never_more_than_places(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_ARGON2_MEMORY_KIB = 19, 4096
    settings.POLICY_HASH_WAIT_SECONDS = 30
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(make_password, [PASSWORD] * 48))
    assert 1 <= len(argon2id._blocks.ready) <= slots.places() == 4
    assert {len(block) for block in argon2id._blocks.ready} == {4096 * 1024}


def test_hashes_of_other_sizes_take_no_memory_beside_what_lies_ready(settings):
    """While a table is upgraded, old and new sizes come by turns: kept and used blocks together
    stay within the places."""
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_ARGON2_MEMORY_KIB = 16, 4096
    blocks = argon2id._Blocks()
    with ExitStack() as four:
        for _place in range(4):
            four.enter_context(blocks.one(4096 * 1024))
    assert len(blocks.ready) == 4
    with blocks.one(1024 * 1024):
        assert len(blocks.ready) == 3
    with blocks.one(3 * 4096 * 1024):
        assert len(blocks.ready) == 1
    with blocks.one(9 * 4096 * 1024):
        assert blocks.ready == []


# --- Never inside a transaction -------------------------------------------------------------------


@pytest.mark.django_db
def test_hashing_inside_a_transaction_is_told_of():
    with pytest.warns(slots.HashingInTransaction, match="default"), transaction.atomic():
        make_password(PASSWORD)


@pytest.mark.django_db
def test_hashing_outside_is_not():
    with transaction.atomic():
        pass
    assert verdict.of(PASSWORD, make_password(PASSWORD)).right
