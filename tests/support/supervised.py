"""Two toy programs under the real supervisor: `python -m tests.support.supervised WEB WORKER`.

A toy says its name and process id, answers HUP by saying so, ends with 0 on TERM and with 7
on USR1. Its name may carry manners after a dash: `web-stubborn` ignores TERM, `worker-brief` ends
with 7 at once, `web-mute` never says that it answers.
"""

from __future__ import annotations

import os
import signal
import sys

from authsite.supervisor import Supervisor


def say(*words: object) -> None:
    """In one call, as signal handlers must: print would be entered again while it writes."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def toy(name: str) -> None:
    signal.signal(signal.SIGHUP, lambda *_: say(name, "reloads"))
    if name.endswith("stubborn"):
        signal.signal(signal.SIGTERM, lambda *_: say(name, "stays"))
    else:
        signal.signal(signal.SIGTERM, lambda *_: (say(name, "stops"), os._exit(0)))
    signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
    if (notify := os.environ.get("NOTIFY_FD")) and not name.endswith("mute"):
        os.write(int(notify), b"1")
    say(name, "runs as", os.getpid())
    if name.endswith("brief"):
        sys.exit(7)
    while True:
        signal.pause()


def supervised(web: str, worker: str) -> int:
    argv = [sys.executable, "-m", "tests.support.supervised"]
    return Supervisor(
        [*argv, web],
        [*argv, worker],
        label=True,
        ready=lambda: say("ready"),
        grace=float(os.environ.get("GRACE", "15")),
        head_start=float(os.environ.get("HEAD_START", "15")),
    ).run()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        toy(sys.argv[1])
    else:
        sys.exit(supervised(*sys.argv[1:]))
