"""Being stopped (Ctrl-C, TERM) between two pieces of work and never inside one."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Self


class Interrupts:
    """While it is entered, the first signal waits for `check`, which raises KeyboardInterrupt; a
    second one raises it at once, for work that hangs. For the main thread."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        if self.asked:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        self.before = {n: signal.signal(n, self._on) for n in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _on(self, number: int, frame: FrameType | None) -> None:
        self.check()
        self.asked = True
