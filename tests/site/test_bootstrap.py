"""The `.env` of `make run`: written once, for its owner alone, and enough for the site to start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from audit.sealing import parse_ring
from authsite import bootstrap
from tests.support.site import ROOT


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        bootstrap.write(tmp_path / ".env")
    finally:
        os.umask(former)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_one_that_exists_is_never_touched(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert bootstrap.write(file)
    keys = file.read_text()
    assert not bootstrap.write(file)
    assert file.read_text() == keys
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"]


def test_two_sites_share_no_key(tmp_path: Path) -> None:
    secrets = []
    for name in ("one", "other"):
        bootstrap.write(tmp_path / name)
        lines = (tmp_path / name).read_text().splitlines()
        secrets.append({line for line in lines if line.startswith(("SECRET", "FIELD", "PASSWORD"))})
    assert len(secrets[0]) == 3
    assert not secrets[0] & secrets[1]


def test_the_site_starts_from_it_alone(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    bootstrap.write(file)
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ENV_FILE": str(file)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = next(row for row in file.read_text().splitlines() if row.startswith("FIELD_KEYS="))
    assert parse_ring(line.partition("=")[2])


def test_a_later_start_does_not_compile_all_anew_where_python_is_told_to_keep_nothing() -> None:
    """The line of `make run` is read, not asked of make: what stands before Python in it is plain."""
    recipe = re.search(r"^run:.*\n\t@(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    before, _, serving = recipe.group(1).partition("$(PY) ")
    assert serving.startswith("manage.py serve ")
    before_serving = before.replace("$(AT)", "").replace("exec", "")
    assert "$" not in before_serving
    say = f"{before_serving} {sys.executable} -c 'import sys; print(sys.dont_write_bytecode)'"
    said = subprocess.check_output(
        ["sh", "-c", say], env={"PYTHONDONTWRITEBYTECODE": "1"}, text=True
    )
    assert said.strip() == "False"
