"""How far a long command has come (ux.md section 5): a bar on a terminal, else a line each 10 %."""

from __future__ import annotations

import time
from collections.abc import Callable

BAR = 20
REDRAWN_EVERY = 0.2  # seconds


class Progress:
    """`at(share, done)` as often as wanted; `write(text, ending)` goes to the error stream."""

    def __init__(
        self,
        what: str,
        unit: str,
        *,
        write: Callable[[str, str], None],
        on_terminal: bool,
        total: int | None = None,
    ) -> None:
        """`total` is how many units there are, where that is known."""
        self.what, self.unit = what, unit
        self.of = "" if total is None else f"/{total:,}"
        self.write, self.on_terminal = write, on_terminal
        self.began = time.monotonic()
        self.start: tuple[float, int] | None = None  # where this run took over
        self.drawn = 0.0
        self.tenths = 0

    def at(self, share: float, done: int) -> None:
        """`share` of the whole, from 0 to 1, and how many units that was."""
        now = time.monotonic()
        if self.start is None:
            self.start = (share, done)
            self.tenths = int(share * 10)
        if self.on_terminal:
            if now - self.drawn >= REDRAWN_EVERY:
                self.drawn = now
                self.write(self._bar(share, done, now - self.began), "\r")
        elif int(share * 10) > self.tenths:
            self.tenths = int(share * 10)
            clock = divmod(int(now - self.began), 60)
            self.write(
                f"{10 * self.tenths}% {done:,}{self.of} {self.unit} {clock[0]}:{clock[1]:02}", "\n"
            )

    def close(self) -> None:
        if self.on_terminal and self.drawn:
            self.write("\x1b[2K", "\r")

    def _bar(self, share: float, done: int, seconds: float) -> str:
        assert self.start is not None  # noqa: S101 - `at` has set it
        full = int(BAR * share)
        line = f" {self.what}  {'█' * full}{'░' * (BAR - full)}  {share:4.0%}"
        line += f"  {done:,}{self.of} {self.unit}"
        made = share - self.start[0]
        if seconds > 1 and made > 0:
            line += f"  {(done - self.start[1]) / seconds:,.0f}/s"
            line += f"  about {seconds * (1 - share) / made:,.0f} s left"
        return line + "\x1b[K"
