"""Real servers under measurement: gunicorn as production starts it, on data of their own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from tests.bench import clocks

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
# Production's, but for http: nobody stands in front. Each request may name the network it comes from.
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
    "ENV_FILE": "none",
    "DEBUG": "off",
    "SECRET_KEY": "only-for-the-bench-0123456789-0123456789-0123456789-0123456789",
    "FIELD_KEYS": "b1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "PASSWORD_PEPPERS": "p1:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA",
    "SITE_URL": "http://localhost",
    "TRUSTED_PROXIES": "127.0.0.1/32",
    "SUPPORT_EMAIL": "help@example.org",
    # Two processes are compared: they are not to differ by how their dictionaries fell out.
    "PYTHONHASHSEED": "0",
}
START_SECONDS = 30
# OWASP's two (Password Storage Cheat Sheet), by their memory.
LESS_MEMORY = {"POLICY_ARGON2_MEMORY_KIB": "19456", "POLICY_ARGON2_PASSES": "2"}
MORE_MEMORY = {
    "POLICY_ARGON2_MEMORY_KIB": "47104",
    "POLICY_ARGON2_PASSES": "1",
    "POLICY_HASH_MEMORY_MIB": "184",  # four at once, as with the others
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """Where one measured site has its data, and with what settings it runs."""

    def __init__(self, folder: Path, database_url: str, **environment: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **ENVIRONMENT,
            **LESS_MEMORY,
            "BOT_CHECK": "off",  # what is measured are the limits behind it
            "DATABASE_URL": database_url,
            "EMAIL_URL": f"filemail://{folder}/mail",
            "BENCH_STATIC": str(folder / "static"),
            **environment,
        }

    @property
    def on_postgres(self) -> bool:
        return self.database_url.startswith("postgres")

    def run(self, *argv: str, seconds: float) -> str:
        """What a Python program prints that runs with this site's settings; raises with its errors."""
        done = subprocess.run(
            [sys.executable, *argv],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def ask(self, *argv: str, seconds: float) -> Any:
        return json.loads(self.run(*argv, seconds=seconds))


class Server:
    """Serves a site while in `with`. None is as many processes or threads as production takes."""

    def __init__(self, site: Site, *, workers: int | None = 1, threads: int | None = None) -> None:
        self.site = site
        self.size = {"--workers": workers, "--threads": threads}
        self.port = free_port()
        self.log = site.folder / f"web-{self.port}.log"

    def __enter__(self) -> Server:
        argv = [sys.executable, "-m", "gunicorn", "--config", "python:authsite.web"]
        argv += ["--bind", f"127.0.0.1:{self.port}", "--max-requests", "0"]
        for option, number in self.size.items():
            argv += [option, str(number)] if number else []
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                argv, cwd=ROOT, env=self.site.environment, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        family = self._workers() if self.process.poll() is None else []
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        for left in psutil.wait_procs(family, timeout=5)[1]:
            left.kill()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"The server did not come up:\n{said}")
            threading.Event().wait(0.05)

    def _workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def pids(self) -> list[int]:
        """The processes whose time counts: the workers, and what PostgreSQL runs for them here."""
        own = [worker.pid for worker in self._workers()]
        return own + (_backends(self.site.database_url) if self.site.on_postgres else [])

    def cpu(self) -> dict[int, float]:
        return clocks.read(self.pids())


def answers(port: int) -> bool:
    """Whether something says 200 at /healthz."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return line.recv(12).endswith(b" 200")
    except OSError:
        return False


# --- PostgreSQL -----------------------------------------------------------------------------------


def _backends(database_url: str) -> list[int]:
    """Their pids, if they run on this machine and within sight."""
    with psycopg.connect(_administrative(database_url), autocommit=True) as server:
        rows = server.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s",
            [urlsplit(database_url).path.lstrip("/")],
        ).fetchall()
    return [pid for (pid,) in rows if _is_postgres(pid)]


def _is_postgres(pid: int) -> bool:
    try:
        return "postgres" in psutil.Process(pid).name()
    except psutil.Error:
        return False


def _administrative(database_url: str) -> str:
    return urlunsplit(urlsplit(database_url)._replace(path="/postgres"))


def why_no_postgres(server_url: str) -> str:
    """Empty when databases can be made there; else what it said."""
    try:
        with psycopg.connect(_administrative(server_url), connect_timeout=3) as server:
            row = server.execute(
                "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        return str(error).strip().splitlines()[0]
    return "" if row and row[0] else "the role may not create databases"


@contextmanager
def postgres_databases(server_url: str, names: Sequence[str]) -> Iterator[list[str]]:
    """Databases made for this run, dropped at its end."""
    made = [f"bench_{secrets.token_hex(4)}_{name}" for name in names]
    with psycopg.connect(_administrative(server_url), autocommit=True) as server:
        try:
            for name in made:
                server.execute(f'CREATE DATABASE "{name}"')
            yield [urlunsplit(urlsplit(server_url)._replace(path=f"/{name}")) for name in made]
        finally:
            for name in made:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
