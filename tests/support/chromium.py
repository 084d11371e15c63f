"""Where a Chromium is, and how it is started so that it keeps to itself. Knows nothing of the site:
the bench measures past it."""

from __future__ import annotations

import os
import shutil

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Of these switches the last one counts. First what Playwright leaves out of its own; then pages
    # of the browser's own that nobody sees here, and that each window would load.
    "--disable-features=HttpsUpgrades,MediaRouter,OptimizationHints,PaintHolding,"
    "WebUIOmniboxAimPopup,WebUIOmniboxPopup",
]


def chromium() -> str | None:
    """Where a Chromium is: the variable CHROMIUM, or the first of its names on PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
