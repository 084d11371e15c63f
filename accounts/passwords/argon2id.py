"""Argon2 in memory of our own.

libargon2 takes its memory by malloc, and glibc keeps what is freed: measured, 32 threads that hash
four at a time with 19 MiB each leave 489 MiB with the process, where 76 were meant
(docs/decisions/0002). The library lets its caller provide the memory (RFC 9106 leaves it open), so
each place has one block that is mapped once and used again, and the bound holds to the byte.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from _argon2_cffi_bindings import lib  # type: ignore[import-untyped]
from argon2.exceptions import HashingError
from argon2.low_level import Type, core, error_to_str, ffi
from django.conf import settings

from accounts.passwords import hands, slots

VERSION = 0x13


class _Blocks:
    """The blocks that lie ready, all of the size of today's hash. What lies ready and what is in use
    are together never more than the places: whoever came in through a slot takes a block that lies
    ready, also for a smaller hash, and drops as many as a bigger one takes the place of."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.ready: list[mmap.mmap] = []

    @contextmanager
    def one(self, size: int) -> Iterator[mmap.mmap]:
        block = self._take(size)
        try:
            yield block
        finally:
            self._put(block)

    def _take(self, size: int) -> mmap.mmap:
        usual = _usual()
        with self.mutex:
            if self.ready and len(self.ready[-1]) != usual:  # the policy is another now
                self.ready.clear()
            if self.ready and size <= usual:
                return self.ready.pop()
            del self.ready[: -(-size // usual)]
        # SECURITY: private, or two workers forked from one parent would hash in one block.
        return mmap.mmap(-1, max(size, usual), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    def _put(self, block: mmap.mmap) -> None:
        with self.mutex:
            if len(block) == _usual() and len(self.ready) < slots.places():
                self.ready.append(block)
                return
        block.close()


def _usual() -> int:
    return settings.POLICY_ARGON2_MEMORY_KIB * 1024


_blocks = _Blocks()
_current = threading.local()


@ffi.callback("int(uint8_t **, size_t)")
def _allocate(out: Any, size: int) -> int:
    if size > len(_current.block):
        return lib.ARGON2_MEMORY_ALLOCATION_ERROR
    out[0] = ffi.from_buffer("uint8_t[]", _current.block)
    return lib.ARGON2_OK


@ffi.callback("void(uint8_t *, size_t)")
def _release(memory: Any, size: int) -> None:
    """libargon2 has overwritten the block by now; it goes back to the others in `raw`."""


def _compute(context: Any, kind: Type, block: mmap.mmap) -> int:
    _current.block = block
    try:
        return int(core(context, kind.value))
    finally:
        _current.block = b""


def raw(
    secret: bytes,
    salt: bytes,
    *,
    memory_kib: int,
    passes: int,
    lanes: int = 1,
    length: int = 32,
    kind: Type = Type.ID,
    version: int = VERSION,
) -> bytes:
    """The bare hash. Raises argon2's HashingError for parameters it does not take, HashingBusy.

    Several lanes are computed one after the other, by one thread: the result is the same and the
    price is paid where it is counted.
    """
    out = ffi.new("uint8_t[]", length)
    secret_buffer, salt_buffer = ffi.new("uint8_t[]", secret), ffi.new("uint8_t[]", salt)
    context = ffi.new(
        "argon2_context *",
        {
            "version": version, "out": out, "outlen": length, "pwd": secret_buffer,
            "pwdlen": len(secret), "salt": salt_buffer, "saltlen": len(salt), "secret": ffi.NULL,
            "secretlen": 0, "ad": ffi.NULL, "adlen": 0, "t_cost": passes, "m_cost": memory_kib,
            "lanes": lanes, "threads": 1, "allocate_cbk": _allocate, "free_cbk": _release,
            "flags": lib.ARGON2_DEFAULT_FLAGS,
        },
    )  # fmt: skip
    with slots.slot(memory_kib), _blocks.one(memory_kib * 1024) as block:
        known = slots.caller().known
        code = hands.run(_compute, context, kind, block, gives_way=not known)
    if code != lib.ARGON2_OK:
        raise HashingError(error_to_str(code))
    return bytes(ffi.buffer(out, length))
