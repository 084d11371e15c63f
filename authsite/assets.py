"""One stylesheet and one script a page, joined from the parts in static/ when they are asked for.

There is no build step and nothing generated to commit: `collectstatic` and the development server
ask staticfiles for `css/site.css` and `js/site.js`, and this finder makes them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

PARTS = Path(settings.BASE_DIR) / "static"
_COMMENT = {
    "css": re.compile(r"/\*.*?\*/", re.DOTALL),
    "js": re.compile(r"^\s*//.*$", re.MULTILINE),
}
# In a stylesheet a line's end after one of these says nothing.
_BREAK = re.compile(r"(?<=[{};,])\n")
# What must stand first: the order of the layers, and what every behaviour calls. Then by name.
_FIRST = {"css": ["layers.css", "tokens.css"], "js": ["behave.js"]}
JOINED = {"css/site.css": "css", "js/site.js": "js"}


def joined(kind: str) -> str:
    """All parts of a kind ("css" or "js") in their order, without comments and indentation."""
    folder = PARTS / kind
    parts = sorted(folder.rglob(f"*.{kind}"), key=lambda part: (_place(kind, part), part))
    text = "\n".join(part.read_text() for part in parts)
    lines = (line.strip() for line in _COMMENT[kind].sub("", text).splitlines())
    text = "\n".join(line for line in lines if line) + "\n"
    return _BREAK.sub("", text) if kind == "css" else text


def _place(kind: str, part: Path) -> int:
    first = _FIRST[kind]
    return first.index(part.name) if part.name in first else len(first)


class JoinedFinder(BaseFinder):
    """Finds `css/site.css` and `js/site.js`, written anew whenever a part has changed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.storage = FileSystemStorage(location=settings.VAR_DIR / "joined")
        super().__init__(*args, **options)

    def check(self, **options: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **options: Any) -> Any:
        if path not in JOINED:
            return []
        found = self._written(path)
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in JOINED:
            self._written(path)
            yield path, self.storage

    def _written(self, path: str) -> str:
        target = Path(self.storage.path(path))
        text = joined(JOINED[path])
        if not target.is_file() or target.read_text() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Somebody may be reading it: replaced whole, never half written.
            draft = target.with_name(f"{target.name}.{threading.get_native_id()}")
            draft.write_text(text)
            draft.replace(target)
        return str(target)
