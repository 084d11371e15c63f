"""The papers name files and pages that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
]
# `room/file.py`, `room/` and the like: what a page says stands in the tree.
NAMED = re.compile(r"`((?:audit|accounts|mfa|idp|authsite|templates|tests|deploy|docs)/[^`\s]*)`")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_it_names_is_there(page: str) -> None:
    named = NAMED.findall((ROOT / page).read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


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


def test_make_help_names_what_the_papers_call() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        called = set(re.findall(r"`make ([a-z]+)|^make ([a-z]+)", (ROOT / page).read_text()))
        assert {first or second for first, second in called} <= targets, page
