"""requirements*.txt are exact, hashed, and name no place that packages are to come from."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
LOCKS = ("requirements.txt", "requirements-dev.txt")
PLACES = ("--index", "--extra-index", "--find-links", "--trusted-host", "file:", "http", " @ ")


def locked(name: str) -> dict[str, str]:
    """{distribution: "==version with its hashes"} of one file."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    rows = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return dict(re.split(r"(?===)", row, maxsplit=1) for row in rows)


def asked(name: str) -> list[str]:
    text = (ROOT / name).read_text()
    rows = [line for line in text.splitlines() if line and line[0] not in "#-"]
    return [re.split(r"[\[=<>]", row)[0].lower() for row in rows]


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_exact_and_hashed(name: str) -> None:
    for distribution, rest in locked(name).items():
        assert re.match(r"==[\w.]+ ", rest), distribution
        assert "--hash=sha256:" in rest, distribution


@pytest.mark.parametrize("name", LOCKS)
def test_no_requirement_says_where_packages_come_from(name: str) -> None:
    text = (ROOT / name).read_text()
    assert [place for place in PLACES if place in text] == []


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_everything_asked_for_is_locked(name: str) -> None:
    assert set(asked(f"{name}.in")) <= set(locked(f"{name}.txt"))


def test_both_files_agree_where_they_meet() -> None:
    runtime, development = (locked(name) for name in LOCKS)
    for distribution in runtime.keys() & development.keys():
        assert runtime[distribution].split()[0] == development[distribution].split()[0]


def test_no_test_tool_is_installed_in_production() -> None:
    assert not set(asked("requirements-dev.in")) & set(locked("requirements.txt"))


def test_time_zones_are_there_on_a_machine_that_brings_none() -> None:
    question = (
        "import zoneinfo as z; z.ZoneInfo('Europe/Berlin'); print(len(z.available_timezones()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", question],
        env={"PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) > 400


def test_what_the_site_imports_is_asked_for() -> None:
    names = {
        name.partition(".")[0]
        for room in ("audit", "accounts", "mfa", "idp", "authsite")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in imported(node)
    }
    providers = packages_distributions()
    theirs = {providers[name][0].lower() for name in names if name in providers}
    assert {"django", "gunicorn"} <= theirs
    assert theirs - set(asked("requirements.in")) == set()


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
