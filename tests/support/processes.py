"""Real programs under test: started, listened to line by line, and never left behind."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Any

import psutil


class Running:
    """A program whose output can be waited for. Ends it, and all it started, on leaving `with`."""

    def __init__(self, argv: Sequence[str], **kwargs: Any) -> None:
        self.process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1, **kwargs
        )
        self.lines: list[str] = []
        self._heard = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            with self._heard:
                self.lines.append(line.rstrip("\n"))
                self._heard.notify_all()
        with self._heard:
            self._ended = True
            self._heard.notify_all()

    def hear(self, pattern: str, *, times: int = 1, seconds: float = 20) -> re.Match[str]:
        """The `times`-th line that matches; fails with all that was said if none comes in time."""
        deadline = time.monotonic() + seconds
        with self._heard:
            while True:
                found = [match for line in self.lines if (match := re.search(pattern, line))]
                if len(found) >= times:
                    return found[times - 1]
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    said = "\n".join(self.lines)
                    raise AssertionError(f"{pattern!r} was not said {times} times:\n{said}")
                self._heard.wait(left)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 20) -> int:
        return self.process.wait(seconds)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            family = self.family()
        except psutil.NoSuchProcess:
            family = []
        if self.process.poll() is None:
            self.process.terminate()
        psutil.wait_procs(family, timeout=15)
        for survivor in family:
            if survivor.is_running():
                survivor.kill()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)
        self._reader.join(5)
        if self.process.stdout:
            self.process.stdout.close()


def all_gone(processes: Sequence[psutil.Process], seconds: float = 15) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]
