"""Programs that live until they are killed, forked from one that has loaded the site (as a server that
preloads its application does): loading it anew for each kill takes longer than the kills.

`Nursery` is what a test holds; `python -m tests.support.nursery` is what it talks to: for each line,
a program and its arguments as JSON, it forks a child and prints its process id.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PR_SET_CHILD_SUBREAPER = 36


class Nursery:
    """Where a test gets its programs from. `does(code)` runs code there, in a child of its own."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._answers = folder / "answers"
        os.mkfifo(self._answers)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.nursery"],
            env=environment,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def start(self, program: str, *args: str) -> int:
        """The process id of the new program, which leads a group of its own."""
        asked, told = self._process.stdin, self._process.stdout
        assert asked and told
        with self._lock:
            asked.write(json.dumps([program, *args]) + "\n")
            asked.flush()
            return int(told.readline())

    def does(self, code: str) -> str:
        """What `code` printed; fails with its traceback where it raised."""
        self.start("code", code, str(self._answers))
        said, wrong = json.loads(self._answers.read_text())  # until the child lets go of it
        assert not wrong, wrong
        return str(said)

    def rest(self) -> None:
        self._process.communicate(timeout=20)


def lives(program: int) -> bool:
    """Whether anything of it is left."""
    try:
        os.killpg(program, 0)
    except ProcessLookupError:
        return False
    return True


def kill(program: int) -> None:
    """It and all that it started, in one blow; returns when they are gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while lives(program):
        assert time.monotonic() < deadline, f"{program} survived"
        threading.Event().wait(0.005)


# --- the programs ---------------------------------------------------------------------------------


def worker() -> None:
    """Turns faster than in production, so that blows fall into its work and not into its sleep."""
    from django.core.management import call_command

    from accounts.outbox import worker as loops

    loops.IDLE_SECONDS = 0.05
    call_command("auth_worker")


def web(*argv: str) -> None:
    from gunicorn.app import wsgiapp

    sys.argv = ["gunicorn", "--config", "python:authsite.web", *argv]
    wsgiapp.run()


def code(text: str, answers: str) -> None:
    said, wrong = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(said):
            exec(text, {})  # noqa: S102 - of a test
    except BaseException:
        wrong = traceback.format_exc()
    Path(answers).write_text(json.dumps([said.getvalue(), wrong]))


def writer(pipe: str) -> None:
    from tests.support.act_and_letter import act_for_each_byte

    act_for_each_byte(pipe)


PROGRAMS = {program.__name__: program for program in (worker, web, code, writer)}


def nursery() -> None:
    from django.db import connections

    import authsite.wsgi  # noqa: F401 - loaded once, for all

    connections.close_all()
    # The dead need no reaping, nor do those whose parent is dead.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for line in iter(sys.stdin.readline, ""):
        name, *args = json.loads(line)
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDWR), sys.stdout.fileno())
            random.seed()
            PROGRAMS[name](*args)
            os._exit(0)
        with contextlib.suppress(OSError):  # whoever of the two comes first
            os.setpgid(child, child)
        print(child, flush=True)


if __name__ == "__main__":
    nursery()
