"""How long the second `make run` takes until the site answers."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.bench.figures import Figure
from tests.bench.servers import KEPT, ROOT, answers, free_port
from tests.support.processes import Running

NOT_COPIED = (".git", ".venv", ".env", "var", "__pycache__", "*.pyc", ".*_cache", ".hypothesis")
FIRST_START_SECONDS = 60


def figures(folder: Path, *, times: int) -> list[Figure]:
    """In a copy of the tree with the virtual environment of this run: nothing of the real one, its
    `.env` and its data, is touched."""
    name = "second start of make run until /healthz answers"
    if not shutil.which("make"):
        return [Figure(name, None, high=3, unit="s", note="make is not installed")]
    tree = folder / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (tree / ".venv").symlink_to(sys.prefix)
    first = _start(tree)
    later = sorted(_start(tree) for _ in range(times))
    return [
        Figure(
            name,
            later[len(later) // 2],
            high=3,
            unit="s",
            note=f"the first took {first:.1f} s, the slowest of {times} later {later[-1]:.1f} s",
        )
    ]


def _start(tree: Path) -> float:
    """Wall-clock seconds."""
    port = free_port()
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    # What is installed is not in question: -o says that it is up to date.
    argv = ["make", "-o", ".venv/installed", "run", f"PORT={port}"]
    begun = time.monotonic()
    with Running(argv, cwd=tree, env=environment) as running:
        while not answers(port):
            if running.process.poll() is not None or time.monotonic() > begun + FIRST_START_SECONDS:
                raise RuntimeError("make run did not come up:\n" + "\n".join(running.lines))
            threading.Event().wait(0.01)
        spent = time.monotonic() - begun
        family = running.family()
        for process in family:
            with suppress(psutil.Error):  # one that ended meanwhile has no command line
                if "serve" in process.cmdline():
                    process.terminate()
        psutil.wait_procs(family, timeout=20)
    return spent
