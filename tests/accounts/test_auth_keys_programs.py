"""`manage.py auth_keys rotate` as a program: stopped in the middle, twice at once, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from tests.support.keyrings import SECRETS, T1, T2
from tests.support.processes import Running
from tests.support.site import KEPT

MANY = 8_000
FILL = f"""
from datetime import timedelta
from django.utils import timezone
from accounts.models import Session
from audit import sealing
end = timezone.now() + timedelta(days=1)
Session.objects.bulk_create(
    [
        Session(key=key, data=sealing.seal(b"{{}}", context=f"session {{key}}"), expires_at=end)
        for key in (f"{{n:064}}" for n in range({MANY}))
    ],
    batch_size=2000,
)
"""
ROTATE = [sys.executable, "manage.py", "auth_keys", "rotate"]


class Operator:
    """Somebody at the shell of a site with 8,000 sessions under t1, who has put t2 in front."""

    def __init__(self, database_url: str) -> None:
        kept = {name: os.environ[name] for name in (*KEPT, "ENV_FILE") if name in os.environ}
        given = {"SECRET_KEY": os.environ["SECRET_KEY"], "SITE_URL": os.environ["SITE_URL"]}
        self.environment = kept | given | {"DATABASE_URL": database_url, "FIELD_KEYS": T1}
        self.call(0, "manage.py", "migrate", "--verbosity", "0")
        self.call(0, "manage.py", "shell", "--command", FILL)
        self.environment["FIELD_KEYS"] = f"{T2},{T1}"

    def call(self, code: int, *argv: str) -> str:
        done = subprocess.run(
            [sys.executable, *argv], env=self.environment, cwd=settings.BASE_DIR, timeout=100,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def facts(self, what: str, *options: str, code: int = 0) -> dict[str, Any]:
        said = self.call(code, "manage.py", "auth_keys", what, "--json", *options)
        found: dict[str, Any] = json.loads(said)
        return found

    def rotating(self, *options: str) -> Running:
        return Running([*ROTATE, "--yes", *options], env=self.environment, cwd=settings.BASE_DIR)


@pytest.fixture
def operator(database_url: str) -> Iterator[Operator]:
    yield Operator(database_url)


def test_stopped_killed_and_two_at_once(operator: Operator) -> None:
    with operator.rotating() as first:
        first.hear(r"^10% 800/8,000 secrets", seconds=60)
        first.send(signal.SIGINT)
        assert first.wait() == 130
        line = first.hear(r"Interrupted\. ([0-9,]+) re-encrypted; the same command goes on").group(
            1
        )
    moved = int(line.replace(",", ""))
    assert 800 <= moved < MANY
    told = operator.facts("list")
    by_key = {key["id"]: key["kinds"].get("sessions", 0) for key in told["keys"]}
    assert by_key == {"t2": moved, "t1": MANY - moved}

    with operator.rotating() as second:
        second.hear(r"^10% ", seconds=60)
        second.send(signal.SIGSTOP)  # it holds the lock, and does not come to its end
        said = operator.call(75, "manage.py", "auth_keys", "rotate", "--yes")
        assert "already running on this database. Nothing was changed." in said
        assert operator.facts("rotate", "--dry-run")["would_reseal"] > 0  # needs no lock
        second.send(signal.SIGKILL)
        second.wait()

    done = operator.call(0, "manage.py", "auth_keys", "rotate", "--yes")
    assert "0 failed" in done and "100% " in done
    assert not [secret for secret in SECRETS if secret in done]
    operator.environment["FIELD_KEYS"] = T2
    told = operator.facts("list")
    assert (told["not_in_ring"], told["keys"][0]["kinds"]["sessions"]) == ({}, MANY)
