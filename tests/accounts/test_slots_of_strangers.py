"""Who goes first when all want to hash: known devices before strangers, pages before both."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.errors import HashingBusy
from accounts.passwords import argon2id, hands, slots

pytestmark = pytest.mark.usefixtures("real_hashes")


def occupy(caller, times, settings, hold):
    """So many who hash for `caller` until `hold` is set: how many of them came in by now."""
    inside = []

    def hash_something(number):
        with slots.calling(caller):
            try:
                with slots.slot():
                    inside.append(number)
                    hold.wait(30)
            except HashingBusy:
                return "busy"
        return "hashed"

    pool = ThreadPoolExecutor(times)
    return inside, [pool.submit(hash_something, number) for number in range(times)], pool


def wait_until(true):
    for _ in range(3000):
        if true():
            return
        threading.Event().wait(0.01)
    pytest.fail("It never came to that.")


def test_strangers_leave_a_quarter_to_known_devices(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 76, 30
    hold, known = threading.Event(), slots.Caller(known=True)
    try:
        inside, others, pool = occupy(slots.Caller(), 10, settings, hold)
        wait_until(lambda: len(inside) == 3 and len(slots._room.strangers) == 7)
        with slots.calling(known), slots.slot():
            assert len(inside) == 3
    finally:
        hold.set()
    assert {one.result(30) for one in others} == {"hashed"}
    pool.shutdown()


def test_a_known_device_goes_before_all_strangers_who_wait(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 19, 30
    hold, order = threading.Event(), []

    def known_one():
        with slots.calling(slots.Caller(known=True)), slots.slot():
            order.append(len(inside))

    with ThreadPoolExecutor(1) as somebody:
        try:
            inside, others, pool = occupy(slots.Caller(network="a"), 5, settings, hold)
            wait_until(lambda: len(slots._room.strangers) == 4)
            late = somebody.submit(known_one)
            wait_until(lambda: len(slots._room.known) == 1)
        finally:
            hold.set()
        late.result(30)
    assert order == [1]  # after the one who was inside, before the four who waited
    assert {one.result(30) for one in others} == {"hashed"}
    pool.shutdown()


def test_known_devices_leave_strangers_who_wait_a_place(settings):
    """Anybody may have an account and a device: a flood of them is no way to close the door."""
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 76, 30
    room, known, stranger = slots._Room(), slots.Caller(known=True), slots.Caller()
    for _ in range(4):
        room.enter(1, known)
    with ThreadPoolExecutor(2) as two:
        another = two.submit(room.enter, 1, known)
        wait_until(lambda: len(room.known) == 1)
        somebody = two.submit(room.enter, 1, stranger)
        wait_until(lambda: len(room.strangers) == 1)
        room.leave(1, known)
        somebody.result(30)
        assert room.inside == {True: 3, False: 1} and not another.done()
        room.leave(1, known)
        another.result(30)


def test_one_network_fills_no_more_than_its_part_of_the_queue(settings):
    settings.POLICY_HASH_MEMORY_MIB, settings.POLICY_HASH_WAIT_SECONDS = 19, 30
    settings.POLICY_HASH_WAITING = 6
    hold = threading.Event()
    try:
        _inside, others, pool = occupy(slots.Caller(network="a"), 10, settings, hold)
        wait_until(lambda: sum(one.done() for one in others) == 5)  # one inside, four who wait
        _there, neighbours, their_pool = occupy(slots.Caller(network="b"), 3, settings, hold)
        wait_until(lambda: sum(one.done() for one in neighbours) == 1)
        _too, late, last_pool = occupy(slots.Caller(network="c"), 3, settings, hold)
        wait_until(lambda: sum(one.done() for one in late) == 3)
    finally:
        hold.set()
    results = [one.result(30) for one in others]
    assert results.count("busy") == 5 and results.count("hashed") == 5
    assert sorted(one.result(30) for one in neighbours) == ["busy", "hashed", "hashed"]
    assert {one.result(30) for one in late} == {"busy"}
    last_pool.shutdown()
    for one in (pool, their_pool):
        one.shutdown()


@pytest.mark.parametrize("known", [False, True])
def test_hashes_of_strangers_are_made_by_threads_that_give_way(known, monkeypatch):
    """By niceness, where the system has one for each thread: elsewhere the whole process would step
    back, and nobody does. Known devices do not wait behind."""
    found = []

    def compute(*whatever):
        found.append(os.getpriority(os.PRIO_PROCESS, 0))
        return argon2id.lib.ARGON2_OK

    monkeypatch.setattr(argon2id, "core", compute)  # the library's
    for _ in range(2):
        with slots.calling(slots.Caller(known, "192.0.2.1")):
            argon2id.raw(b"secret", b"salt" * 4, memory_kib=12288, passes=1)
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    gives_way = sys.platform == "linux" and not known
    assert found == [min(19, hands.NICENESS) if gives_way else mine] * 2 and mine < hands.NICENESS
