"""A process of a site that stays and does what tests tell it to: to start `manage.py` for each act
takes a second, on a busy machine several."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

LOOP = """
import contextlib, io, json, sys, traceback
from django.db import connections
for line in sys.stdin:
    said, wrong = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(said):
            exec(json.loads(line), {})
    except BaseException:
        wrong = traceback.format_exc()
    connections.close_all()
    print(json.dumps([said.getvalue(), wrong]), flush=True)
"""


class Hands:
    """Runs under the environment of the site, from the folder of `manage.py`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", LOOP],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, code: str) -> str:
        """What `code` printed; fails with its traceback where it raised."""
        asked, answers = self._process.stdin, self._process.stdout
        assert asked and answers
        asked.write(json.dumps(code) + "\n")
        asked.flush()
        said, wrong = json.loads(answers.readline())
        assert not wrong, wrong
        return str(said)

    def rest(self) -> None:
        self._process.communicate(timeout=20)
