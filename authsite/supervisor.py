"""Runs the site and its worker as one: both start, both end, and a dead worker comes back.

One thread and one loop. What wakes it are the signals (through the wakeup descriptor), the lines
the programs write, and the moment a worker is due again.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
# The worker starts when the site answers, or after so long: loading both at once makes people wait
# for their first page, while letters have time.
HEAD_START_SECONDS = 10.0
LONGEST_LINE = 64 * 1024
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with(parent: int) -> None:
    """In the child before exec: the kernel sends TERM when the supervisor ends, however it ends."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGTERM)


@dataclass
class Program:
    name: str
    argv: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    pause: float = 0.5
    unfinished: bytes = b""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: int) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(number)


class Supervisor:
    """`run()` returns 0 when it was asked to stop, else the code the site itself ended with.

    TERM and INT stop both, a second one at once; HUP reloads the site and restarts the worker. With
    `label` every line they write carries the name of its program. `ready` is called once, when the
    site answers; the worker starts then, or after `head_start`. `grace` and it are in seconds.
    """

    def __init__(
        self,
        web: Sequence[str],
        worker: Sequence[str],
        *,
        label: bool = False,
        ready: Callable[[], None] = lambda: None,
        grace: float = 30.0,
        head_start: float = HEAD_START_SECONDS,
    ) -> None:
        self.web = Program("web", web)
        self.worker = Program("worker", worker)
        self.label, self.ready = label, ready
        self.grace, self.head_start = grace, head_start
        self.selector = selectors.DefaultSelector()
        self.worker_due: float | None = None
        self.stop_by: float | None = None

    def run(self) -> int:
        # Whoever reads this pipe as its stdin sees the end of it when we are gone.
        self.alive_read, self.alive_write = os.pipe()
        with self._woken_by_signals():
            self._start_web()
            self.worker_due = self.web.born + self.head_start
            while self.stop_by is None and self.web.running:
                self._wait()
                self._mind_the_worker()
            asked = self.stop_by is not None
            self._stop()
        code = self.web.process.returncode if self.web.process else 1
        if asked:
            return 0
        return 128 - code if code < 0 else code

    # --- starting and stopping --------------------------------------------------------------------

    def _start_web(self) -> None:
        self.ready_read, ready_write = os.pipe()
        self.selector.register(self.ready_read, selectors.EVENT_READ, self._announce)
        self.web.environment = {"NOTIFY_FD": str(ready_write)}
        self._start(self.web, pass_fds=(ready_write,))
        os.close(ready_write)

    def _start(self, program: Program, pass_fds: Sequence[int] = ()) -> None:
        parent = os.getpid()
        pipe = subprocess.PIPE if self.label else None
        program.process = subprocess.Popen(
            program.argv,
            stdin=self.alive_read,
            stdout=pipe,
            stderr=subprocess.STDOUT if self.label else None,
            env={**os.environ, **program.environment},
            process_group=0,  # the terminal's Ctrl-C reaches us alone, and they end in good order
            preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509 - we have one thread
            pass_fds=pass_fds,
        )
        program.born = time.monotonic()
        if output := program.process.stdout:
            os.set_blocking(output.fileno(), False)
            self.selector.register(output, selectors.EVENT_READ, lambda: self._relay(program))

    def _start_worker(self) -> None:
        self.worker_due = None
        self._start(self.worker)

    def _mind_the_worker(self) -> None:
        if self.stop_by is not None or self.worker.running:
            return
        now = time.monotonic()
        if self.worker_due is None:
            lived = now - self.worker.born
            longer = min(self.worker.pause * 2, LONGEST_PAUSE_SECONDS)
            self.worker.pause = 1.0 if lived > HEALTHY_SECONDS else longer
            self.worker_due = now + self.worker.pause
            self._say(f"the worker ended; it starts again in {self.worker.pause:.0f} s")
        if now >= self.worker_due:
            self._start_worker()

    def _reload(self) -> None:
        self.web.send(signal.SIGHUP)
        self.worker.send(signal.SIGTERM)
        self.worker.pause = 0.5
        self._say("reloading")

    def _stop(self) -> None:
        programs = (self.web, self.worker)
        self.stop_by = self.stop_by or time.monotonic() + self.grace
        for program in programs:
            program.send(signal.SIGTERM)
        while any(program.running for program in programs) and time.monotonic() < self.stop_by:
            self._wait()
        for program in programs:
            program.send(signal.SIGKILL)
            if program.process is not None:
                program.process.wait()
            self._relay(program)

    # --- the loop ---------------------------------------------------------------------------------

    @contextmanager
    def _woken_by_signals(self) -> Iterator[None]:
        read_end, write_end = os.pipe()
        for end in (read_end, write_end):
            os.set_blocking(end, False)
        before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
        former = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self.selector.register(read_end, selectors.EVENT_READ, lambda: self._signalled(read_end))
        try:
            yield
        finally:
            signal.set_wakeup_fd(former)
            for number, handler in before.items():
                signal.signal(number, handler)
            self.selector.close()
            for end in (read_end, write_end, self.alive_read, self.alive_write):
                os.close(end)

    def _wait(self) -> None:
        moments = [moment for moment in (self.worker_due, self.stop_by) if moment is not None]
        patience = max(0.0, min(moments) - time.monotonic()) if moments else None
        for key, _ in self.selector.select(patience):
            key.data()

    def _signalled(self, read_end: int) -> None:
        for number in os.read(read_end, 64):
            if number == signal.SIGHUP:
                self._reload()
            elif number in (signal.SIGTERM, signal.SIGINT):
                second = self.stop_by is not None
                self.stop_by = time.monotonic() + (0 if second else self.grace)

    def _announce(self) -> None:
        self.selector.unregister(self.ready_read)
        answers = os.read(self.ready_read, 1)
        os.close(self.ready_read)
        if answers:
            if self.worker.process is None and self.stop_by is None:
                self._start_worker()
            try:
                self.ready()
            except OSError:
                self._left_alone()

    # --- what they write --------------------------------------------------------------------------

    def _relay(self, program: Program) -> None:
        output = program.process.stdout if program.process else None
        if output is None or output.closed:
            return
        try:
            data = os.read(output.fileno(), LONGEST_LINE)
        except BlockingIOError:
            return
        *lines, program.unfinished = (program.unfinished + data).split(b"\n")
        if not data or len(program.unfinished) > LONGEST_LINE:
            lines, program.unfinished = [*lines, program.unfinished], b""
        if not data:
            self.selector.unregister(output)
            output.close()
        for line in filter(None, lines):
            self._write(program.name, line)

    def _say(self, text: str) -> None:
        self._write("serve", text.encode())

    def _write(self, name: str, line: bytes) -> None:
        try:
            sys.stdout.buffer.write(b"%-6s | %s\n" % (name.encode(), line))
            sys.stdout.buffer.flush()
        except OSError:
            self._left_alone()

    def _left_alone(self) -> None:
        """The terminal or the pipe we spoke to is gone, and with it whoever wanted us."""
        self.stop_by = self.stop_by or time.monotonic() + self.grace
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
