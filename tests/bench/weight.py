"""What a first visit transfers: the sign-in page and all that it, its style and its script name."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from tests.bench.browsing import SIGN_IN, Browser
from tests.bench.figures import Figure
from tests.bench.servers import Server, Site

MOST_FILES = 50
_NAMED = (
    re.compile(r"""<(?:link|script|img|use|source)\b[^>]*?\b(?:href|src)="([^"]+)"""),
    re.compile(r"""url\(["']?([^"')]+)["']?\)"""),
    re.compile(r"""(?:\bimport|\bfrom)\s*\(?["']([^"']+)["']"""),
)


def figures(folder: Path) -> list[Figure]:
    site = Site(folder, f"sqlite:///{folder}/few.sqlite3")
    with Server(site) as server, Browser(server.port) as browser:
        sizes = _visit(browser)
    heaviest = ", ".join(
        f"{path.rpartition('/')[2] or 'page'} {size / 1000:.1f}"
        for path, size in sorted(sizes.items(), key=lambda pair: -pair[1])
    )
    total = sum(sizes.values()) / 1000
    return [Figure("first visit, with headers", total, high=40, unit="kB", note=heaviest)]


def _visit(browser: Browser) -> dict[str, int]:
    """Bytes of each file, headers included, as a browser that takes gzip and Brotli gets them."""
    sizes: dict[str, int] = {}
    waiting = [SIGN_IN]
    while waiting and len(sizes) < MOST_FILES:
        path = waiting.pop()
        if path in sizes:
            continue
        packed = browser.get(path, **{"accept-encoding": "gzip, deflate, br"})
        if packed.status != 200:
            raise RuntimeError(f"{path} answered {packed.status}")
        sizes[path] = packed.size
        plain = browser.get(path).body.decode(errors="replace")
        named = (found for pattern in _NAMED for found in pattern.findall(plain))
        for name in named:
            if not name.startswith(("data:", "#")):
                waiting.append(urldefrag(urljoin(path, name)).url)
    return sizes
