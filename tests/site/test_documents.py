"""The papers name files and pages that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.support import papers

ROOT: Path = settings.BASE_DIR
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
]
# `room/file.py`, `room/` and the like: what a page says stands in the tree.
NAMED = re.compile(r"`((?:audit|accounts|mfa|idp|authsite|templates|tests|deploy|docs)/[^`\s:]*)`")
A_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_it_names_is_there(page: str) -> None:
    named = NAMED.findall((ROOT / page).read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_test_it_names_is_there(page: str) -> None:
    named = A_TEST.findall((ROOT / page).read_text())
    assert named or page != "docs/acceptance.md"
    for file, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), (file, name)


def test_each_question_of_a_tester_is_answered() -> None:
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs/acceptance.md").read_text(), re.MULTILINE)
    assert [int(number) for number in rows] == list(range(1, 31))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!https?://|mailto:)([^)#]*)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_the_map_names_every_room_and_every_layer_of_ours() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = [f"`{room}/`" for room in ("audit", "accounts", "mfa", "idp", "authsite")]
    ours = [name.rpartition(".")[2] for name in settings.MIDDLEWARE if name.startswith("authsite")]
    assert [name for name in rooms + ours if name not in text] == []


def test_the_settings_page_explains_each_check_that_is_silent_for_every_site() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    silent = settings.SILENCED_SYSTEM_CHECKS
    assert silent
    assert [name for name in silent if f"| `{name}` |" not in text] == []


def test_the_settings_page_tells_how_long_sessions_last_as_the_code_has_it() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    default = {one.name: one.default for one in papers.catalogue()}
    idle, staff = default["POLICY_IDLE_MINUTES"], default["POLICY_STAFF_IDLE_MINUTES"]
    assert f"| unused | {idle} minutes; staff {staff} minutes |" in text
    assert f"| in any case | {default['POLICY_ABSOLUTE_HOURS']} hours after sign-in |" in text


def test_the_documented_commands_hide_the_keys_and_nothing_that_is_made_later(
    tmp_path: Path,
) -> None:
    block = papers.production_commands()
    shell = ["sh", "-euc", f"umask 022\n{block}\numask"]
    done = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0022"
    assert (tmp_path / "site.env").stat().st_mode & 0o777 == 0o600


def test_what_is_collected_can_be_read_and_what_else_is_made_cannot() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    collecting = [line for line in text.splitlines() if "manage.py collectstatic" in line]
    assert collecting
    assert [line for line in collecting if not line.startswith("(umask 022; ")] == []
    setting_up = text.partition("## Setting up")[2]
    assert setting_up.index("umask 077") < setting_up.index("manage.py migrate")


def test_make_help_names_what_the_papers_call() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        called = set(re.findall(r"`make ([a-z]+)|^make ([a-z]+)", (ROOT / page).read_text()))
        assert {first or second for first, second in called} <= targets, page
