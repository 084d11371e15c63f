"""The whole site as people run it: `manage.py serve` with its worker, on data of its own."""

from __future__ import annotations

import email
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from email.message import EmailMessage
from email.policy import default
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from tests.support.environment import ENVIRONMENT
from tests.support.hands import Hands
from tests.support.processes import Running
from tests.support.second_steps import SEED, code_for

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
# One visitor does here what many do elsewhere: no test is to run into the walls it is not about,
# and none that a busy machine puts up.
ROOMY = {
    "POLICY_SIGNUPS_PER_HOUR": "10000",
    "POLICY_RESETS_PER_HOUR": "10000",
    "POLICY_LETTERS_PER_HOUR": "60",
    "POLICY_HASH_WAIT_SECONDS": "30",
    "BOT_CHECK": "off",
    "POLICY_SIGN_IN_BY_CODE": "on",
    "POLICY_TRUST_DAYS": "7",
    "POLICY_MAILED_CODES": "on",
    "POLICY_TEXTED_CODES": "on",
}


NEW_DEVICE = "New sign-in to your"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """Starts on entering `with`, in development mode and its own folder; ends on leaving it."""

    def __init__(self, folder: Path, *, workers: int = 1, **environment: str) -> None:
        self.folder, self.workers = folder, workers
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **ENVIRONMENT,
            **ROOMY,
            "DEBUG": "on",
            "SITE_URL": self.url,
            "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3",
            "EMAIL_URL": f"filemail://{folder}/mail",
            **environment,
        }

    def __enter__(self) -> Site:
        argv = [sys.executable, "manage.py", "serve", "--migrate", "--port", str(self.port)]
        argv += ["--workers", str(self.workers), "--threads", "4"]
        self.running = Running(argv, cwd=ROOT, env=self.environment)
        try:
            self.running.hear(r"is up: ", seconds=60)
        except AssertionError:
            self.running.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if hands := self.__dict__.pop("_hands", None):
            hands.rest()
        self.running.__exit__()

    @cached_property
    def _hands(self) -> Hands:
        return Hands(ROOT, self.environment)

    def does(self, code: str) -> str:
        """Run `code` as the shell of `manage.py` does, in a process that stays; what it printed."""
        return self._hands.do(code)

    def manage(self, *command: str, code: int = 0, **environment: str) -> str:
        """What a command of manage.py prints; fails with its errors when it ends otherwise."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def sql(self, statement: str, *values: str) -> list[Any]:
        """One statement past the site, in its SQLite file."""
        with (
            closing(sqlite3.connect(self.folder / "site.sqlite3", timeout=30)) as database,
            database,
        ):
            return database.execute(statement, values).fetchall()

    def second_step(self, username: str) -> str:
        """What the app of somebody of the cast shows, as if the half minute of the last code were
        over."""
        self.sql(
            "UPDATE mfa_authenticatorapp SET last_step = -1 WHERE user_id ="
            " (SELECT id FROM accounts_user WHERE username = ?)",
            username,
        )
        return code_for(SEED)

    def sessions_of(self, username: str) -> int:
        """In how many browsers they are signed in."""
        return int(
            self.sql(
                "SELECT COUNT(*) FROM accounts_session JOIN accounts_user ON user_id ="
                " accounts_user.id WHERE username = ?",
                username,
            )[0][0]
        )

    def person(self, username: str, *, administrator: bool = False) -> str:
        """Make somebody of the cast's kind there; the address they sign in with."""
        maker = "administrator" if administrator else "person"
        self.does(f"from tests.support import cast; cast.{maker}({username!r})")
        return f"{username}@example.org"

    # --- letters that left ------------------------------------------------------------------------

    def letters(self, to: str) -> list[EmailMessage]:
        """What the worker delivered to one address, oldest first; without what tells of a sign-in on a
        new device, which each new browser of a journey causes (`told_of_devices` has those)."""
        return [one for one in self._delivered(to) if NEW_DEVICE not in str(one["Subject"])]

    def told_of_devices(self, to: str) -> list[EmailMessage]:
        return [one for one in self._delivered(to) if NEW_DEVICE in str(one["Subject"])]

    def _delivered(self, to: str) -> list[EmailMessage]:
        files = sorted((self.folder / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime)
        messages = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
        return [cast(EmailMessage, message) for message in messages if to in str(message["To"])]

    def letter(self, to: str, *, number: int = 1, seconds: float = 20) -> EmailMessage:
        """The `number`-th letter to somebody, once it is there."""
        deadline = time.monotonic() + seconds
        while len(found := self.letters(to)) < number:
            assert time.monotonic() < deadline, f"{len(found)} letters to {to}, not {number}"
            threading.Event().wait(0.05)
        return found[number - 1]

    def link_in(self, letter: EmailMessage) -> str:
        """The first address of this site that a letter's text names."""
        body = letter.get_body(preferencelist=("plain",))
        assert body is not None
        found = re.search(rf"{re.escape(self.url)}/\S+", body.get_content())
        assert found, body.get_content()
        return found.group()
