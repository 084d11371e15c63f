"""Who may import whom (design: the house), who reads `next`, and how long a module may be."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
ROOMS = ("audit", "accounts", "mfa", "idp", "authsite")
MAY_IMPORT = {
    "audit": set(),
    "accounts": {"audit"},
    "mfa": {"accounts", "audit"},
    "idp": {"accounts", "audit"},
    "authsite": {"audit", "accounts", "mfa", "idp"},
}
# The lowest room knows Django, and the library that seals.
AUDIT_STANDS_ON = {"audit", "django", "cryptography"} | sys.stdlib_module_names
# Functions that import by name.
LOADERS = {"import_module", "import_string", "__import__", "get_model", "autodiscover_modules"}
NEXT_READER = "accounts/redirects.py"
# Names by which ?next= is read without saying so.
NEXT_READERS = {
    "REDIRECT_FIELD_NAME",
    "get_next_redirect_url",
    "get_request_param",
    "get_redirect_url",
}
MOST_LINES = 300
# One file holds the whole configuration, and one the whole closed vocabulary, by design; every other
# module wants a second name.
LONGER = {"authsite/settings.py": 900, "audit/events.py": 600}


def modules(*folders: str) -> list[str]:
    """Our modules, in these folders or anywhere: not what was installed (.venv) or made (var)."""
    ours = [place for place in ROOT.iterdir() if place.is_dir() and place.name[0] != "."]
    chosen = [place for place in ours if place.name in (folders or {place.name} - {"var"})]
    found = [path for place in chosen for path in place.rglob("*.py")]
    found += [] if folders else ROOT.glob("*.py")
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), path)


def imported(module: ast.Module, path: str) -> Iterator[str]:
    """Every module that is imported anywhere in it, functions and loading by name included."""
    package = Path(path).parent.parts
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*above, *filter(None, [node.module])])
        elif isinstance(node, ast.Call) and name_of(node.func) in LOADERS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def name_of(node: ast.AST) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")


def reads_next(module: ast.Module) -> bool:
    """Whether it takes "next" out of something, or asks a library that does."""
    for node in ast.walk(module):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key: ast.expr | None = node.slice
        elif isinstance(node, ast.Call) and name_of(node.func) in ("get", "getlist", "pop"):
            key = node.args[0] if node.args else None
        elif isinstance(node, (ast.alias, ast.Attribute, ast.Name)):
            if (getattr(node, "name", "") or name_of(node)) in NEXT_READERS:
                return True
            continue
        else:
            continue
        if isinstance(key, ast.Constant) and key.value == "next":
            return True
    return False


# --- The table ------------------------------------------------------------------------------------


def test_the_table_is_the_one_of_the_design() -> None:
    assert set(MAY_IMPORT) == set(ROOMS)
    assert all((ROOT / room / "apps.py").is_file() for room in ROOMS)


@pytest.mark.parametrize("path", modules(*ROOMS))
def test_a_room_imports_only_the_rooms_below_it(path: str) -> None:
    room = path.partition("/")[0]
    roots = {name.split(".")[0] for name in imported(tree(path), path)}
    assert (roots & set(ROOMS)) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", modules("audit"))
def test_audit_stands_on_django_alone(path: str) -> None:
    roots = {name.split(".")[0] for name in imported(tree(path), path)}
    assert roots <= AUDIT_STANDS_ON


@pytest.mark.parametrize("path", modules(*ROOMS))
def test_no_room_imports_the_tests(path: str) -> None:
    assert "tests" not in {name.split(".")[0] for name in imported(tree(path), path)}


@pytest.mark.parametrize(
    "code",
    [
        "import authsite.settings",
        "from authsite import settings",
        "def later():\n    from authsite.settings import env",
        "import_module('authsite.settings')",
        "import_string('authsite.settings.env')",
        "from ..authsite import settings",
        "if TYPE_CHECKING:\n    from authsite.checks import Rule",
    ],
)
def test_an_import_is_seen_wherever_it_hides(code: str) -> None:
    roots = {name.split(".")[0] for name in imported(ast.parse(code), "accounts/module.py")}
    assert "authsite" in roots


# --- ?next= ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in modules(*ROOMS) if path != NEXT_READER])
def test_next_is_read_in_one_place_only(path: str) -> None:
    assert not reads_next(tree(path)), "ask accounts.redirects"


def test_the_one_reader_of_next_reads_it() -> None:
    source = (ROOT / NEXT_READER).read_text()
    assert "NEXT_FIELD" in source


@pytest.mark.parametrize(
    "code",
    [
        "request.GET.get('next')",
        "request.POST['next']",
        "data.getlist('next')",
        "get_next_redirect_url(request)",
        "from django.contrib.auth import REDIRECT_FIELD_NAME",
    ],
)
def test_a_read_of_next_is_seen(code: str) -> None:
    assert reads_next(ast.parse(code))


# --- Size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in modules() if "/migrations/" not in path])
def test_no_module_outgrows_its_name(path: str) -> None:
    lines = len((ROOT / path).read_text().splitlines())
    assert lines <= LONGER.get(path, MOST_LINES)


def test_no_exception_outlives_its_need() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in LONGER}
    assert [path for path, lines in lengths.items() if lines <= MOST_LINES] == []
