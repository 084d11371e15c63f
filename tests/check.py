"""`make check`: what a change must hold besides its tests. `python -m tests.check`.

Every step runs, also after one that failed; what a step prints is shown only when it fails.
Exit: 0 all hold, 3 problems found.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.support import papers

ROOT = Path(__file__).resolve().parents[1]
PROBLEMS = 3
KEPT = ("PATH", "HOME", "LANG")

PYTHON = [sys.executable, "-m"]
MANAGE = [sys.executable, "manage.py"]
STEPS: dict[str, list[str]] = {
    "format": [*PYTHON, "ruff", "format", "--check", "."],
    "lint": [*PYTHON, "ruff", "check", "."],
    "types": [*PYTHON, "mypy"],
    "layers": [*PYTHON, "pytest", "--quiet", "tests/site/test_layers.py"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "papers": [*PYTHON, "tests.support.papers", "--check"],
    "production settings": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
}


def environment(step: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    if step == "production settings":
        return {**kept, "ENV_FILE": "none", **papers.production_environment()}
    return {**kept, "DJANGO_SETTINGS_MODULE": "tests.support.environment"}


def main() -> int:
    failed = []
    for name, argv in STEPS.items():
        begun = time.monotonic()
        done = subprocess.run(
            argv, cwd=ROOT, env=environment(name), capture_output=True, text=True, check=False
        )
        verdict = "ok  " if done.returncode == 0 else "FAIL"
        print(f" {verdict}  {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout + done.stderr)
    print("All hold." if not failed else f"Problems: {', '.join(failed)}")
    return PROBLEMS if failed else 0


if __name__ == "__main__":
    sys.exit(main())
